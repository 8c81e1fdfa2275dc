"""Where something was seen in a log, and how it was said."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from verl_doctor.diagnose.line import Level
from verl_doctor.diagnose.record import Record

_MOST_WRITERS: Final = 1024
_EXCERPT: Final = 6
_PROSE: Final = re.compile(r"^ {4}|^\s{0,40}(?:#|//|\*|- |>|\||\$|\+\s|diff |commit |index |[`\"'])")
_OPENED: Final = re.compile(r"(?:^|[\s(\[{=:,])[`\"']$|(?:^|[\s(\[{=:,])[`\"'](?=\S)[^`\"']*$")
"""What ends inside a quotation."""
Moment = tuple[int, ...]
"""How far a job had got: the steps that each kind of line had told of."""


class Manner(IntEnum):
    """How something is said, the least telling first."""

    QUOTED = 0
    """In prose, a listing or a configuration."""
    PRINTED = 1
    """On a line that says nothing of its level."""
    WARNED = 2
    """In a logger's line of level warning."""
    RAISED = 3
    """By an exception, or in a logger's line of level error."""


def manner(record: Record, start: int) -> Manner:
    """Return how a record says what begins at `start` of what it says.

    A further line of an exception's message counts as by itself, unless it is indented: it may be another's.
    """
    _, further = record.at(start)
    if further is not None and not further[:1].isspace():
        return _of_text(further, record.said[:start].rpartition("\n")[2], record.level)
    if record.kind or record.level == "error":
        return Manner.RAISED
    return _of_text(record.text, record.text[:start], record.level)


def _of_text(text: str, before: str, level: Level | None) -> Manner:
    if level == "error":
        return Manner.RAISED
    if level == "warning":
        return Manner.WARNED
    return Manner.QUOTED if _PROSE.match(text) or _OPENED.search(before) or level == "debug" else Manner.PRINTED


@dataclass(slots=True, kw_only=True)
class Occurrence:
    """The first time that something was seen since the job last got on, and how often it was since.

    `line` is the line in the file, `moment` how far the job had got then, `launch` which start of the job it was.
    """

    file: str
    line: int
    record: Record
    manner: Manner
    moment: Moment
    launch: int
    is_framed: bool = True
    times: int = 1
    writers: set[str] = field(default_factory=set)

    def count(self, before: Occurrence, seen: Occurrence) -> None:
        """Count both as this one."""
        self.times = before.times + seen.times
        self.writers = before.writers
        if len(self.writers) < _MOST_WRITERS:
            self.writers |= seen.writers

    @property
    def excerpt(self) -> tuple[str, ...]:
        """The lines to show: the last call, and what is said."""
        last = self.record.frames[-1:]
        called = tuple(f'File "{frame.file}", line {frame.line}, in {frame.function}' for frame in last)
        return (*called, *self.record.said.splitlines()[:_EXCERPT])
