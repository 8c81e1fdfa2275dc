"""What a log tells in one piece: a line, or an exception with the frames that led to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from verl_doctor.diagnose.line import Level

WRAPPERS: Final = ("RayTaskError", "ActorUnavailableError", "MultiProcessingError", "ChildFailedError")
"""Exceptions that only carry another one's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A call in a traceback."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A line or an exception, at a line of its file (of an exception, the one that names it).

    `kind` is the exception's type as it is written ("torch.OutOfMemoryError"), None for a mere line; `text` what is
    said, `more` the further lines of an exception's message with their numbers. `code` is what an assertion that says
    nothing asserts; it stands one line before. `is_handled` says that somebody caught it, and that another one came up
    meanwhile, the next record of the same writer.
    """

    line: int
    who: str
    level: Level | None
    text: str
    kind: str | None = None
    more: tuple[tuple[int, str], ...] = ()
    frames: tuple[Frame, ...] = ()
    code: str = ""
    times: int = 1
    is_handled: bool = False

    @property
    def said(self) -> str:
        """What is said, as Python prints it."""
        if self.code:
            return f"{self.code}\n{self.kind}"
        first = f"{self.kind}: {self.text}" if self.kind else self.text
        return "\n".join((first, *(text for _, text in self.more)))

    def at(self, start: int) -> tuple[int, str | None]:
        """Return the number of the line in which a place of `said` stands, and that line where it is a further one."""
        row = self.said.count("\n", 0, start)
        return self.more[row - 1] if row and not self.code else (self.line + row, None)

    @property
    def is_wrapper(self) -> bool:
        """Whether it is an exception that carries another one, whose own record is beside it."""
        return self.kind is not None and any(name in self.kind for name in WRAPPERS)
