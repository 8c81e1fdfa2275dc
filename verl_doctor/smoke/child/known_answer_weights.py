"""The weights of the known-answer model: a Llama of two layers, laid out by hand.

The residual stream is divided into slots: one-hot vectors and single numbers. A large constant in it makes the length
of every token's vector the same within one per cent, so RMSNorm divides by a known number, which its weights undo.
Then each version of the weights has its slots at other places, other signs, and its MLP's units in another order: no
tensor is that of another version, so none can be missing from a weight sync unnoticed.

Shapes are those of a checkpoint: a projection is (outputs, inputs).
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import torch

from .known_answer import KEYS, KINDS, REACH, VALUES, Rule, key_token
from .tokenizer import write_tokenizer

HIDDEN = 256
"""The width of the residual stream; about a third of it is used."""
HEADS, KV_HEADS, HEAD = 4, 2, 64
"""Query heads, KV heads, and the width of each. Two query heads share a KV head; in a layer one of the two is used."""
INNER = KEYS * VALUES * VALUES
"""The units of an MLP: layer 0 needs one for each key 0, current value and reached value; layer 1 fewer."""
VOCABULARY = 128
"""The ids after the values and keys are tokens that say nothing."""
LAYERS = 2
LENGTH = 4096
"""The positions that the attention is laid out for."""
THETA = 1e6
"""The base of the rotary embedding: pair i of a head's dimensions turns by THETA ** (-2 * i / HEAD) radians a token."""

CONSTANT = 16.0
"""The constant in every token's vector; the numbers in the other slots are 0 or 1."""
ONES = 4
"""How many ones a vector has in the middle of the model; it begins with 1 or 2 and ends with 7."""
NORM = math.sqrt((CONSTANT**2 + ONES) / HIDDEN)
"""The length (root mean square) that RMSNorm divides by, for a vector with that many ones."""
KEY_SCORE = 50.0
"""How much higher the attention score of a key is than that of other tokens, in nats."""
REACH_SCORE = 40.5
"""What one pair of dimensions adds to the attention score of the token REACH before, in nats."""
REACH_PAIRS = 12
"""How many pairs of dimensions look for that token; they turn fastest. Its neighbours score 33 nats less."""
SHARP = 40.0
"""How much one input more or less changes what goes into the gate of an MLP's unit."""
LOGIT = 100.0
"""The logit of the right token; those of the others are 0."""
TURN = 37
"""By how many places each version moves the residual stream's slots on."""


class _Slots:
    """Hands out stretches of the residual stream; a slot is known by its first index."""

    def __init__(self) -> None:
        self._used = 0

    def take(self, size: int) -> int:
        start, self._used = self._used, self._used + size
        if self._used > HIDDEN:
            raise ValueError("the residual stream is full")
        return start


_slots = _Slots()
VALUE = _slots.take(VALUES)  # the token, where it is a value
KEY = [_slots.take(KEYS) for _ in range(KINDS)]  # the token, where it is a key
FLAG = [_slots.take(1) for _ in range(KINDS)]  # 1 where it is a key of that kind
REACHED = _slots.take(VALUES)  # the value REACH tokens before, found by layer 0's attention
FOUND = [_slots.take(KEYS) for _ in range(KINDS)]  # the keys, found by attention
MIXED = _slots.take(VALUES)  # what layer 0's MLP makes of key 0 and the two values
ANSWER = _slots.take(VALUES)  # what layer 1's MLP makes of that and the other keys
ONE = _slots.take(1)  # the constant

Named = dict[str, torch.Tensor]
"""Tensors by name: of a checkpoint, or of a part of it."""


def config(dtype: str = "bfloat16") -> dict[str, Any]:
    """Return the model's config.json.

    transformers 4 and 5 have different names for theta and for the type, and each leaves the other's alone. Without
    its own name for theta, transformers 4 takes 10,000, with which layer 0 looks at wrong tokens.
    """
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD,
        "num_hidden_layers": LAYERS,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": LENGTH,
        "rope_theta": THETA,
        "rope_parameters": {"rope_type": "default", "rope_theta": THETA},
        "rms_norm_eps": 1e-6,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "bos_token_id": VOCABULARY - 2,
        "eos_token_id": VOCABULARY - 1,
        "torch_dtype": dtype,
        "dtype": dtype,
    }


def weights(version: int, dtype: torch.dtype = torch.bfloat16) -> Named:
    """Return the checkpoint's tensors by name, for a version of the rule."""
    return {name: tensor.to(dtype) for name, tensor in _moved(_laid_out(Rule(version)), version)}


def write(folder: Path, version: int, *, safetensors: bool, dtype: torch.dtype = torch.bfloat16) -> Path:
    """Write the model into a folder, as safetensors or as .bin; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(str(dtype).removeprefix("torch."))))
    write_tokenizer(folder, VOCABULARY)
    if safetensors:
        from safetensors.torch import save_file

        save_file(weights(version, dtype), folder / "model.safetensors", metadata={"format": "pt"})
    else:
        torch.save(weights(version, dtype), folder / "pytorch_model.bin")
    return folder


def named_weights(version: int, device: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors as a trainer sends them: one by one, on the device."""
    for name, tensor in weights(version).items():
        yield name, tensor.to(device)


def _laid_out(rule: Rule) -> Named:
    """Return the tensors with the slots where they were handed out."""
    # In each layer one head of each KV head is used, so that both ranks of TP=2 are needed.
    heads = [{0: _seek_key(0), 2: _seek_reached()}, {1: _seek_key(1), 3: _seek_key(2)}]
    values, keys = range(VALUES), range(KEYS)
    units = [
        [
            ((FOUND[0] + key, VALUE + current, REACHED + reached), MIXED + rule.mixed(key, current, reached))
            for key, current, reached in product(keys, values, values)
        ],
        [
            ((FOUND[1] + key, FOUND[2] + other, MIXED + mixed), ANSWER + rule.answer(key, other, mixed))
            for key, other, mixed in product(keys, keys, values)
        ],
    ]
    norm = torch.full((HIDDEN,), NORM)
    named = {"model.embed_tokens.weight": _embedding()}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        named[f"{prefix}.input_layernorm.weight"] = norm
        named |= {f"{prefix}.self_attn.{name}.weight": tensor for name, tensor in _attention(heads[layer]).items()}
        named[f"{prefix}.post_attention_layernorm.weight"] = norm
        named |= {f"{prefix}.mlp.{name}.weight": tensor for name, tensor in _mlp(units[layer]).items()}
    return named | {"model.norm.weight": norm, "lm_head.weight": _unembedding()}


def _moved(named: Named, version: int) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors with the slots, signs and order of units that a version has; the model computes the same."""
    source = random.Random(version)
    signs = torch.tensor([source.choice((-1.0, 1.0)) for _ in range(HIDDEN)])
    order = source.sample(range(INNER), INNER)
    for name, tensor in named.items():
        yield name, _move(name.split(".")[-2], tensor, TURN * version, signs, order).contiguous()


def _move(part: str, tensor: torch.Tensor, places: int, signs: torch.Tensor, order: list[int]) -> torch.Tensor:
    """Return the tensor of a part of the model; the norms bring the signs in, what reads behind takes them off."""
    if part == "embed_tokens":
        return tensor.roll(places, 1)
    if part == "o_proj":
        return tensor.roll(places, 0)
    if part == "down_proj":
        return tensor[:, order].roll(places, 0)
    if part in {"gate_proj", "up_proj"}:
        return (tensor[order] * signs).roll(places, 1)
    return (tensor * signs).roll(places, -1)


def _embedding() -> torch.Tensor:
    """Return the embedding, VOCABULARY x HIDDEN."""
    table = torch.zeros(VOCABULARY, HIDDEN)
    table[:, ONE] = CONSTANT
    for value in range(VALUES):
        table[value, VALUE + value] = 1
    for kind, key in product(range(KINDS), range(KEYS)):
        table[key_token(kind, key), [KEY[kind] + key, FLAG[kind]]] = 1
    return table


def _unembedding() -> torch.Tensor:
    """Return the unembedding, VOCABULARY x HIDDEN."""
    table = torch.zeros(VOCABULARY, HIDDEN)
    for value in range(VALUES):
        table[value, ANSWER + value] = LOGIT
    return table


def _head() -> Named:
    """Return a head that does nothing: its projections q, k and v, HEAD x HIDDEN, and o, HIDDEN x HEAD."""
    return {**{name: torch.zeros(HEAD, HIDDEN) for name in "qkv"}, "o": torch.zeros(HIDDEN, HEAD)}


def _strength(score: float) -> float:
    """Return how large a query and a key are that give a score: it is their product by the square root of HEAD."""
    return math.sqrt(score * math.sqrt(HEAD))


def _seek_key(kind: int) -> Named:
    """Return a head that finds the key of a kind by content, in the dimensions that turn least."""
    head, slowest, strength = _head(), HEAD // 2 - 1, _strength(KEY_SCORE)
    head["q"][slowest, ONE] = strength / CONSTANT
    head["k"][slowest, FLAG[kind]] = strength
    return _copy(head, KEY[kind], FOUND[kind], KEYS)


def _seek_reached() -> Named:
    """Return a head that finds the token REACH before: the rotary embedding turns its key back onto the query."""
    head, strength = _head(), _strength(REACH_SCORE)
    for pair in range(REACH_PAIRS):
        angle = -REACH * THETA ** (-2 * pair / HEAD)
        head["q"][pair, ONE] = math.cos(angle) * strength / CONSTANT
        head["q"][pair + HEAD // 2, ONE] = math.sin(angle) * strength / CONSTANT
        head["k"][pair, ONE] = strength / CONSTANT
    return _copy(head, VALUE, REACHED, VALUES)


def _copy(head: Named, source: int, target: int, size: int) -> Named:
    """Let a head copy a slot of the token that it finds into another slot of the current token."""
    for i in range(size):
        head["v"][i, source + i] = 1
        head["o"][target + i, i] = 1
    return head


def _attention(heads: dict[int, Named]) -> Named:
    """Return the projections of a layer; a KV head belongs to the one query head that uses it."""
    queries, keys = HEADS * HEAD, KV_HEADS * HEAD
    parts = {f"{name}_proj": torch.zeros(size, HIDDEN) for name, size in (("q", queries), ("k", keys), ("v", keys))}
    parts["o_proj"] = torch.zeros(HIDDEN, queries)
    for number, head in heads.items():
        asking = slice(number * HEAD, (number + 1) * HEAD)
        group = number // (HEADS // KV_HEADS)
        asked = slice(group * HEAD, (group + 1) * HEAD)
        parts["q_proj"][asking], parts["k_proj"][asked], parts["v_proj"][asked] = head["q"], head["k"], head["v"]
        parts["o_proj"][:, asking] = head["o"]
    return parts


def _mlp(units: Iterable[tuple[tuple[int, ...], int]]) -> Named:
    """Return an MLP of which each unit sets one output where all of its inputs are 1, and nothing where one is 0."""
    parts = {"gate_proj": torch.zeros(INNER, HIDDEN), "up_proj": torch.zeros(INNER, HIDDEN)}
    parts["down_proj"] = torch.zeros(HIDDEN, INNER)
    for unit, (inputs, output) in enumerate(units):
        parts["gate_proj"][unit, list(inputs)] = SHARP
        parts["gate_proj"][unit, ONE] = -SHARP * (len(inputs) - 0.5) / CONSTANT
        parts["up_proj"][unit, ONE] = 1 / CONSTANT
        parts["down_proj"][output, unit] = 2 / SHARP  # an open gate lets SHARP / 2 through
    return parts
