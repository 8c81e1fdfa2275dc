"""A model of some shape without a checkpoint, as a subject: it is fast or slow, and its answers mean nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from .engine import Engine
from .errors import SkippedError, WrongAnswerError
from .tokenizer import write_tokenizer

VOCABULARY = 152064
QWEN2_7B = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 32768,
    "rope_theta": 1000000.0,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1000000.0},
    "rms_norm_eps": 1e-6,
    "hidden_act": "silu",
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "dtype": "bfloat16",
}
"""The published config.json of Qwen2-7B, which verl's examples train."""


class ShapeModel:
    """Qwen2-7B's shape; the engine makes up the weights."""

    load_format = "dummy"
    length = 32768

    def __init__(self, work: Path) -> None:
        self.version = 1
        self._work = work

    def checkpoint(self, *, safetensors: bool) -> Path:
        """Write config.json; return its folder."""
        del safetensors
        folder = self._work / "shape"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(json.dumps(QWEN2_7B))
        write_tokenizer(folder, VOCABULARY)
        return folder

    def weights(self, device: str) -> Iterator[tuple[str, torch.Tensor]]:
        """There are none."""
        raise SkippedError(f"a shape has no weights to send to {device}")

    def prompt(self, number: int, length: int) -> list[int]:
        """Return tokens at random."""
        source = random.Random(number)
        return [source.randrange(1000, 100_000) for _ in range(length)]

    def check(
        self, engine: Engine, prompts: Sequence[list[int]], answers: Sequence[list[int]], *, is_greedy: bool
    ) -> None:
        """See that there are answers."""
        del engine, prompts, is_greedy
        if not all(answers):
            raise WrongAnswerError("an answer is empty")
