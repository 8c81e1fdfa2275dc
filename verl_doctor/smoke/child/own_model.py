"""A user's own model as a subject: nobody knows its answers, but it can be asked about them in another way.

A generated token comes from the KV cache, one step at a time; a forward pass over the finished sequence comes to the
same token without it. So each greedy token has to be the likeliest there too, but for rounding. What the engine thought
of its first answers it has to think again later: after sleep, and after its weights were sent again.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from .engine import Engine
from .errors import WrongAnswerError

GAP = 1.0
"""How far behind the likeliest a greedy token may be, in nats: rounding lets two that are near change places."""
DRIFT = 0.1
"""How much the log-probabilities of the first answers may change in the mean, in nats a token."""
ORDINARY = 32
"""Ids below this are left out of prompts: many tokenizers have their control tokens there."""


class OwnModel:
    """A checkpoint in a folder. Version 1 of its weights are those in the folder; every other one is zeros."""

    load_format = "auto"

    def __init__(self, folder: Path) -> None:
        config: dict[str, Any] = json.loads((folder / "config.json").read_text())
        text = config.get("text_config", config)
        self.version = 1
        self.length = int(text.get("max_position_embeddings", 2048))
        self._vocabulary = int(text["vocab_size"])
        self._folder = folder
        self._first: list[list[int]] = []
        self._starts: list[int] = []
        self._thought: list[float] = []

    def checkpoint(self, *, safetensors: bool) -> Path:
        """Return the folder, whatever its format."""
        del safetensors
        return self._folder

    def weights(self, device: str) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield the present version's tensors, on the device."""
        for name, tensor in self._tensors():
            yield name, (tensor if self.version == 1 else torch.zeros_like(tensor)).to(device)

    def _tensors(self) -> Iterator[tuple[str, torch.Tensor]]:
        from safetensors import safe_open

        files = sorted(self._folder.glob("*.safetensors"))
        for file in files:
            with safe_open(file, framework="pt") as opened:
                for name in opened.keys():  # noqa: SIM118 # it is no dict
                    yield name, opened.get_tensor(name)
        for file in () if files else sorted(self._folder.glob("*.bin")):
            yield from torch.load(file, map_location="cpu", weights_only=True).items()

    def prompt(self, number: int, length: int) -> list[int]:
        """Return tokens at random."""
        source = random.Random(number)
        first = ORDINARY if self._vocabulary > 2 * ORDINARY else 0
        return [source.randrange(first, self._vocabulary) for _ in range(length)]

    def check(
        self, engine: Engine, prompts: Sequence[list[int]], answers: Sequence[list[int]], *, is_greedy: bool
    ) -> None:
        """Ask the engine what it thinks of the answers, and of the first ones again."""
        if not all(answers):
            raise WrongAnswerError("an answer is empty")
        if not is_greedy:
            return
        whole = [[*prompt, *answer] for prompt, answer in zip(prompts, answers, strict=True)]
        starts = [len(prompt) for prompt in prompts]
        for number, rated in enumerate(engine.rate(whole, starts)):
            for place, (own, best) in enumerate(rated):
                if not best - own <= GAP:  # also where it is no number
                    raise WrongAnswerError(
                        f"token {place + 1} after a prompt of {starts[number]} tokens is {best - own:.1f} nats behind "
                        "the likeliest of a forward pass over the whole sequence"
                    )
        if not self._first:
            self._first, self._starts = whole, starts
            self._thought = self._think(engine)
        else:
            self._compare(self._think(engine))

    def _think(self, engine: Engine) -> list[float]:
        return [own for own, _ in chain.from_iterable(engine.rate(self._first, self._starts))]

    def _compare(self, thought: list[float]) -> None:
        drift = fmean(abs(now - then) for now, then in zip(thought, self._thought, strict=True))
        if self.version == 1 and not drift <= DRIFT:
            raise WrongAnswerError(
                f"the log-probabilities of the first answers have changed by {drift:.2f} nats a token: "
                "the weights are not what they were"
            )
        if self.version != 1 and drift <= DRIFT:
            raise WrongAnswerError("weights of zeros were sent, and the answers are as likely as before")
