"""A row of the table: a question, and what was seen of one tool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from benchmarks.battery.look import Look
from benchmarks.battery.running import Ran
from benchmarks.battery.tool import Tool

Mark = Literal["yes", "no", "refuses", "—"]


@dataclass(frozen=True, slots=True)
class Cell:
    """An answer, and what was seen."""

    mark: Mark
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A question and the function that answers it; the function's docstring says what the right answer is."""

    title: str
    ask: Callable[[Tool], Cell]

    @property
    def meaning(self) -> str:
        """Say in a line what "yes" means."""
        return " ".join((self.ask.__doc__ or "").split())


def row(title: str) -> Callable[[Callable[[Tool], Cell]], Row]:
    """Make a function a row."""
    return lambda ask: Row(title=title, ask=ask)


def told(ran: Ran, seen: Look) -> str:
    """Say what a run did; where it says that all is well without having patched all, also its last words."""
    left = f"; new: {seen.left()}" if seen.added else ""
    last = ran.output.strip().splitlines()[-1:] if ran.code == 0 and not seen.is_patched else []
    return f"exit {ran.code}, {seen.words()}{left}" + "".join(f' ("{" ".join(words.split())}")' for words in last)


def as_patched(tool: Tool, ran: Ran, seen: Look) -> Cell:
    """Judge a run that should have patched what was unpatched; refusing is safe, half the work is not."""
    if ran.code == 0 and seen.is_patched:
        return Cell("yes")
    is_safe = ran.code not in tool.nothing_to_do and seen.is_unchanged
    return Cell("refuses" if is_safe else "no", told(ran, seen))


def as_untouched(ran: Ran, seen: Look) -> Cell:
    """Judge a run that should have changed nothing."""
    return Cell("yes" if seen.is_unchanged else "no", told(ran, seen))
