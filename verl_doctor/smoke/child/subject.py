"""The model that is tried, seen from the probes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import torch

from .engine import Engine


class Subject(Protocol):
    """A model: where its checkpoint is, what it is asked, and whether it answers right.

    `version` says which weights the engine has. There are at least two, counted from 1, and they answer differently.
    """

    version: int
    load_format: str
    length: int

    def checkpoint(self, *, safetensors: bool) -> Path:
        """Return a folder with version 1 of the weights, in one of two formats where there is a choice."""
        ...

    def weights(self, device: str) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the present version's tensors as a trainer sends them: one by one, on the device."""
        ...

    def prompt(self, number: int, length: int) -> list[int]:
        """Return prompt number `number`, of `length` tokens."""
        ...

    def check(
        self, engine: Engine, prompts: Sequence[list[int]], answers: Sequence[list[int]], *, is_greedy: bool
    ) -> None:
        """Raise WrongAnswerError where an answer is not right; of greedy ones each token is the likeliest."""
        ...
