"""The weights of the known-answer model: a two-layer Llama, laid out by hand.

The residual stream is divided into slots, each a one-hot vector or a single number. A large constant makes the length
of every token's vector the same within three per cent, so RMSNorm is a known factor, and the norms' weights undo it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from .known_answer import KEYS, KINDS, REACH, VALUES, tables

HIDDEN, HEADS, KV_HEADS, HEAD, INNER, VOCABULARY, LAYERS = 256, 4, 2, 64, 1024, 128, 2
THETA = 1e6
CONSTANT = 16.0
"""The constant in every residual vector; one-hots have length 1."""
SHARP = 40.0
"""How steeply a unit of the MLP tells "all of its one-hots are on" from "one is missing"."""
LOGIT = 100.0
"""The logit of the right token; those of the others are about 0."""


class _Slots:
    """Hands out stretches of the residual stream."""

    def __init__(self) -> None:
        self.used = 0

    def take(self, size: int) -> int:
        start, self.used = self.used, self.used + size
        if self.used > HIDDEN:
            raise ValueError("the residual stream is full")
        return start


_slots = _Slots()
VALUE = _slots.take(VALUES)  # the token, where it is a value
KEY = [_slots.take(KEYS) for _ in range(KINDS)]  # the token, where it is a key
FLAG = [_slots.take(1) for _ in range(KINDS)]  # 1 where it is a key of that kind
REACHED = _slots.take(VALUES)  # the value REACH tokens ago, found by attention
FOUND = [_slots.take(KEYS) for _ in range(KINDS)]  # the keys, found by attention
MIXED = _slots.take(VALUES)
ANSWER = _slots.take(VALUES)
ONE = _slots.take(1)  # the constant


def config(dtype: str = "bfloat16") -> dict[str, Any]:
    """Return the model's config.json."""
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
        "max_position_embeddings": 4096,
        "rope_theta": THETA,
        "rms_norm_eps": 1e-6,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
        "bos_token_id": VOCABULARY - 2,
        "eos_token_id": VOCABULARY - 1,
        "torch_dtype": dtype,
    }


def weights(version: int, dtype: torch.dtype = torch.bfloat16) -> dict[str, torch.Tensor]:
    """Return the checkpoint's tensors by name, for a version of the rule's tables."""
    rule = tables(version)
    norm = torch.full((HIDDEN,), (CONSTANT**2 + 4) ** 0.5 / HIDDEN**0.5)
    named = {
        "model.embed_tokens.weight": _embedding(),
        "model.norm.weight": norm,
        "lm_head.weight": _unembedding(),
    }
    attention = [
        {0: _seek_key(0), 2: _seek_reach()},  # one head of each KV head, so that both ranks of TP=2 are needed
        {1: _seek_key(1), 3: _seek_key(2)},
    ]
    units = [
        [((FOUND[0] + k, VALUE + v, REACHED + r), MIXED + rule.mix[k][v][r])
         for k in range(KEYS) for v in range(VALUES) for r in range(VALUES)],
        [((FOUND[1] + k, FOUND[2] + m, MIXED + v), ANSWER + rule.turn[k][m][v])
         for k in range(KEYS) for m in range(KEYS) for v in range(VALUES)],
    ]  # fmt: skip
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}"
        named |= {f"{prefix}.self_attn.{name}.weight": t for name, t in _attention(attention[layer]).items()}
        named |= {f"{prefix}.mlp.{name}.weight": t for name, t in _mlp(units[layer]).items()}
        named |= {f"{prefix}.{name}.weight": norm for name in ("input_layernorm", "post_attention_layernorm")}
    return {name: tensor.to(dtype).contiguous() for name, tensor in named.items()}


def _embedding() -> torch.Tensor:
    table = torch.zeros(VOCABULARY, HIDDEN)
    table[:, ONE] = CONSTANT
    for value in range(VALUES):
        table[value, VALUE + value] = 1
    for kind in range(KINDS):
        for key in range(KEYS):
            token = VALUES + kind * KEYS + key
            table[token, KEY[kind] + key] = 1
            table[token, FLAG[kind]] = 1
    return table


def _unembedding() -> torch.Tensor:
    table = torch.zeros(VOCABULARY, HIDDEN)
    for value in range(VALUES):
        table[value, ANSWER + value] = LOGIT
    return table


_Head = dict[str, torch.Tensor]


def _head() -> _Head:
    return {"q": torch.zeros(HEAD, HIDDEN), "k": torch.zeros(HEAD, HIDDEN), "v": torch.zeros(HEAD, HIDDEN),
            "o": torch.zeros(HIDDEN, HEAD)}  # fmt: skip


def _seek_key(kind: int) -> _Head:
    """A head that finds the key of a kind by content, in the rotary dimension that hardly turns in 4,096 tokens."""
    head, slowest = _head(), HEAD // 2 - 1
    head["q"][slowest, ONE] = 20 / CONSTANT
    head["k"][slowest, FLAG[kind]] = 20
    for key in range(KEYS):
        head["v"][key, KEY[kind] + key] = 1
        head["o"][FOUND[kind] + key, key] = 1
    return head


def _seek_reach() -> _Head:
    """A head that finds the token REACH positions ago: the query is turned back by as much as the key is behind."""
    head = _head()
    for pair in range(12):
        angle = -REACH * THETA ** (-2 * pair / HEAD)
        head["q"][pair, ONE] = 18 / CONSTANT * torch.cos(torch.tensor(angle))
        head["q"][pair + HEAD // 2, ONE] = 18 / CONSTANT * torch.sin(torch.tensor(angle))
        head["k"][pair, ONE] = 18 / CONSTANT
    for value in range(VALUES):
        head["v"][value, VALUE + value] = 1
        head["o"][REACHED + value, value] = 1
    return head


def _attention(heads: dict[int, _Head]) -> dict[str, torch.Tensor]:
    """Return the projections of a layer; a KV head belongs to the one query head that uses it."""
    parts = {"q_proj": torch.zeros(HEADS * HEAD, HIDDEN), "k_proj": torch.zeros(KV_HEADS * HEAD, HIDDEN),
             "v_proj": torch.zeros(KV_HEADS * HEAD, HIDDEN), "o_proj": torch.zeros(HIDDEN, HEADS * HEAD)}  # fmt: skip
    for number, head in heads.items():
        queries = slice(number * HEAD, (number + 1) * HEAD)
        group = number // (HEADS // KV_HEADS)
        keys = slice(group * HEAD, (group + 1) * HEAD)
        parts["q_proj"][queries], parts["k_proj"][keys], parts["v_proj"][keys] = head["q"], head["k"], head["v"]
        parts["o_proj"][:, queries] = head["o"]
    return parts


def _mlp(units: Sequence[tuple[tuple[int, ...], int]]) -> dict[str, torch.Tensor]:
    """Return an MLP of which each unit turns some one-hots that are all on into another."""
    parts = {"gate_proj": torch.zeros(INNER, HIDDEN), "up_proj": torch.zeros(INNER, HIDDEN),
             "down_proj": torch.zeros(HIDDEN, INNER)}  # fmt: skip
    for unit, (inputs, output) in enumerate(units):
        parts["gate_proj"][unit, list(inputs)] = SHARP
        parts["gate_proj"][unit, ONE] = -SHARP * (len(inputs) - 0.5) / CONSTANT
        parts["up_proj"][unit, ONE] = 1 / CONSTANT
        parts["down_proj"][output, unit] = 2 / SHARP
    return parts


def write(folder: Path, version: int, *, safetensors: bool) -> Path:
    """Write the model into a folder, as safetensors or as .bin; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config()))
    if safetensors:
        from safetensors.torch import save_file

        save_file(weights(version), folder / "model.safetensors", metadata={"format": "pt"})
    else:
        torch.save(weights(version), folder / "pytorch_model.bin")
    return folder


def named_weights(version: int, device: str) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield the tensors as a trainer sends them: one by one, on the device."""
    for name, tensor in weights(version).items():
        yield name, tensor.to(device)
