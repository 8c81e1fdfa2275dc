"""The known-answer model as a subject: every token of every answer follows from its construction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from . import known_answer
from .engine import Engine
from .errors import WrongAnswerError
from .known_answer_weights import LENGTH, named_weights, write


class KnownAnswerModel:
    """Made on the spot, in a folder of its own."""

    load_format = "auto"
    length = LENGTH

    def __init__(self, work: Path) -> None:
        self.version = 1
        self._work = work

    def checkpoint(self, *, safetensors: bool) -> Path:
        """Write version 1 in a format; return its folder."""
        return write(self._work / ("safetensors" if safetensors else "bin"), 1, safetensors=safetensors)

    def weights(self, device: str) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the present version's tensors, on the device."""
        return named_weights(self.version, device)

    def prompt(self, number: int, length: int) -> list[int]:
        """Return values with three keys among them."""
        return known_answer.prompt(number, length)

    def check(
        self, engine: Engine, prompts: Sequence[list[int]], answers: Sequence[list[int]], *, is_greedy: bool
    ) -> None:
        """Compare each token with the truth; sampled ones are as certain as greedy ones."""
        del engine, is_greedy
        for tokens, answer in zip(prompts, answers, strict=True):
            right = known_answer.continuation(tokens, len(answer), self.version)
            if not answer or answer != right:
                place = next((i for i, (a, b) in enumerate(zip(answer, right, strict=True)) if a != b), 0)
                raise WrongAnswerError(
                    f"after a prompt of {len(tokens)} tokens, token {place + 1} of {len(right)} is "
                    f"{answer[place] if answer else 'missing'} instead of {right[place] if right else 'one'}"
                )
