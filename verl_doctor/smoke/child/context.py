"""What the probes of one child share: the task, the model that is tried, and the engine once it runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from .engine import Engine, Settings, require_cpu_build
from .known_answer_model import KnownAnswerModel
from .own_model import OwnModel
from .subject import Subject

LENGTHS = (24, 70, 130, 400, 33, 50, 800, 90)
"""The lengths of the prompts of a batch, in tokens; several of them fill more than one block of the KV cache."""


@dataclass
class Context:
    """The state of a child. `work` is a folder for its files; `engine` starts when it is first asked for.

    `rank` and `world` say which of the processes of a launch layout this is; `model` is the folder of the user's own.
    """

    work: Path
    device: Literal["cuda", "cpu"]
    rank: int = 0
    world: int = 1
    eager: bool = False
    model: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    seconds_to_start: float | None = None
    running: Engine | None = None
    subject: Subject = field(init=False)

    def __post_init__(self) -> None:
        self.subject = OwnModel(Path(self.model)) if self.model else KnownAnswerModel(self.work / f"rank-{self.rank}")

    @property
    def engine(self) -> Engine:
        """The engine; started with a safetensors checkpoint where it does not run yet."""
        return self.running or self.start(safetensors=True)

    def start(self, *, safetensors: bool = True, **changed: Any) -> Engine:
        """Start the engine on the model."""
        if self.device == "cpu":
            require_cpu_build()
        settings = Settings(
            model=self.subject.checkpoint(safetensors=safetensors),
            eager=self.eager or self.device == "cpu",
            sleep=self.device == "cuda",
            length=min(Settings.length, self.subject.length),
            load_format=self.subject.load_format,
            inspected=self.eager or not isinstance(self.subject, KnownAnswerModel),
        )
        started = time.perf_counter()
        self.running = Engine(replace(settings, **self.settings, **changed))
        self.seconds_to_start = time.perf_counter() - started
        return self.running

    def send_weights(self, version: int | None = None) -> None:
        """Send a version of the weights into the running engine, the present one by default."""
        self.subject.version = self.subject.version if version is None else version
        self.engine.load_weights(self.subject.weights(self.device))

    @property
    def memory(self) -> float:
        """The part of the GPU's memory that the engine takes."""
        return float(self.settings.get("memory", Settings.memory))

    def check_batch(self, count: int = 48) -> int:
        """Generate after prompts of several lengths at once; return how many tokens there were, all of them right."""
        prompts = [self.subject.prompt(number, length) for number, length in enumerate(LENGTHS)]
        return self.check(prompts, [answers[0] for answers in self.engine.generate(prompts, count)])

    def check(self, prompts: Sequence[list[int]], answers: Sequence[list[int]], *, is_greedy: bool = True) -> int:
        """Judge answers; return how many tokens they have. Raises WrongAnswerError."""
        self.subject.check(self.engine, prompts, answers, is_greedy=is_greedy)
        return sum(map(len, answers))
