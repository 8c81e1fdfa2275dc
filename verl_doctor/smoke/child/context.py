"""What the probes of one child share: the task, the engine once it runs, and which weights it has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from . import known_answer
from .engine import Engine, Settings

LENGTHS = (24, 70, 130, 400, 33, 50, 800, 90)
"""The lengths of the prompts of a batch, in tokens; several of them fill more than one block of the KV cache."""


class SkippedError(Exception):
    """A probe cannot run here; the message says why."""


class WrongAnswerError(Exception):
    """The engine gave another answer than the right one."""


@dataclass
class Context:
    """The state of a child. `work` is a folder for its files; `engine` starts when it is first asked for.

    `rank` and `world` say which of the processes of a launch layout this is.
    """

    work: Path
    device: Literal["cuda", "cpu"]
    rank: int = 0
    world: int = 1
    eager: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    seconds_to_start: float | None = None
    running: Engine | None = None

    @property
    def engine(self) -> Engine:
        """The engine; started with a safetensors checkpoint where it does not run yet."""
        return self.running or self.start(safetensors=True)

    def start(self, *, safetensors: bool, **changed: Any) -> Engine:
        """Start the engine on the known-answer model."""
        from .known_answer_weights import write

        kind = "safetensors" if safetensors else "bin"
        folder = write(self.work / f"{kind}-{self.rank}", self.version, safetensors=safetensors)
        settings = Settings(model=folder, eager=self.eager or self.device == "cpu", sleep=self.device == "cuda")
        started = time.perf_counter()
        self.running = Engine(replace(settings, **self.settings, **changed))
        self.seconds_to_start = time.perf_counter() - started
        return self.running

    def send_weights(self, version: int | None = None) -> None:
        """Send a version of the weights into the running engine, the present one by default."""
        from .known_answer_weights import named_weights

        self.version = self.version if version is None else version
        self.engine.load_weights(named_weights(self.version, self.device))

    @property
    def memory(self) -> float:
        """The part of the GPU's memory that the engine takes."""
        return float(self.settings.get("memory", Settings.memory))

    def check_batch(self, count: int = 48) -> int:
        """Generate after prompts of several lengths at once; return how many tokens there were, all of them right."""
        prompts = [known_answer.prompt(number, length) for number, length in enumerate(LENGTHS)]
        return self.check(prompts, [answers[0] for answers in self.engine.generate(prompts, count)])

    def check(self, prompts: Sequence[list[int]], answers: Sequence[list[int]]) -> int:
        """Compare answers with the right ones; return how many tokens they have. Raises WrongAnswerError."""
        for tokens, answer in zip(prompts, answers, strict=True):
            right = known_answer.continuation(tokens, len(answer), self.version)
            if not answer or answer != right:
                place = next((i for i, (a, b) in enumerate(zip(answer, right, strict=True)) if a != b), 0)
                raise WrongAnswerError(
                    f"after a prompt of {len(tokens)} tokens, token {place + 1} of {len(right)} is "
                    f"{answer[place] if answer else 'missing'} instead of {right[place] if right else 'one'}"
                )
        return sum(map(len, answers))
