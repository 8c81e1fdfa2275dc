"""How far the job of one log has got."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from verl_doctor.diagnose import progress
from verl_doctor.diagnose.line import Line
from verl_doctor.diagnose.occurrence import Moment

SURVIVED: Final = 2
"""So many steps after something was seen, the job has survived it: one may still be under way in another process."""
_LATELY: Final = 1024
"""How many steps, and starts, are remembered one by one."""


@dataclass(slots=True, kw_only=True)
class Course:
    """The steps of a job, each kind of line that tells of them counted by itself, and its starts.

    An exception is heard of when its message is over; `moment` says how far the job had got at its line. A job that
    starts again counts its steps from the beginning.
    """

    steps: dict[str, int] = field(default_factory=dict)
    ended_at: Moment | None = None
    """When somebody ended the job; None where nobody did."""
    ended_by: tuple[int, str] | None = None
    """The line that tells of it, and its text."""
    is_done: bool = False
    """Whether the job has done its work."""
    told_at: Moment | None = None
    """When something was seen last."""
    _highest: dict[str, int] = field(default_factory=dict)
    _starts: deque[int] = field(default_factory=lambda: deque(maxlen=_LATELY))
    _lately: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=_LATELY))

    def hear(self, line: Line) -> None:
        """Note what a line tells."""
        self.is_done = self.is_done or progress.is_end(line.text)
        if not line.who and progress.is_start(line.text):
            self._starts.append(line.number)
            self.is_done = False
            self._highest.clear()
        told = progress.step(line.text)
        if told is not None and told[1] > self._highest.get(told[0], -1):
            kind, self._highest[told[0]] = told
            self.steps[kind] = self.steps.get(kind, 0) + 1
            self._lately.append((line.number, kind))

    def moment(self, line: int) -> Moment:
        """Return how far the job had got at a line."""
        since = [kind for number, kind in self._lately if number > line]
        return tuple(self.steps.get(kind, 0) - since.count(kind) for kind in progress.KINDS)

    def starts(self, line: int) -> int:
        """Return how often the job had been started before a line, of the last times."""
        return sum(number < line for number in self._starts)

    def is_past(self, moment: Moment) -> bool:
        """Say whether the job has gone on since a moment."""
        now = (self.steps.get(kind, 0) for kind in progress.KINDS)
        return any(steps - then >= SURVIVED for steps, then in zip(now, moment, strict=True))

    @property
    def has_steps(self) -> bool:
        """Whether it told of any step."""
        return bool(self.steps)

    @property
    def is_waited_for(self) -> bool:
        """Whether the next step matters: none was seen, or something that the job has not survived yet."""
        return not self.steps or (self.told_at is not None and not self.is_past(self.told_at))

    @property
    def is_ended(self) -> bool:
        """Whether the job was ended on purpose."""
        return self.ended_at is not None and not self.is_past(self.ended_at)
