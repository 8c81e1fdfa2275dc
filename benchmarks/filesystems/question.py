"""A column of the table: a question, of which file systems it is asked, and what was seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.battery.row import Cell, Row
from benchmarks.filesystems.site import Site
from benchmarks.filesystems.system import Kind, System


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and the function that answers it."""

    title: str
    meaning: str
    ask: Callable[[Site], Cell]
    kind: Kind = "writable"
    nodes: int = 1
    needs_layers: bool = False

    def concerns(self, system: System) -> bool:
        """Say whether it means something for a file system."""
        return self.kind == system.kind and self.nodes <= system.nodes and (system.has_layers or not self.needs_layers)


def question(
    title: str, *, kind: Kind = "writable", nodes: int = 1, needs_layers: bool = False
) -> Callable[[Callable[[Site], Cell]], Question]:
    """Make a function a question; its docstring says what the right answer is."""
    return lambda ask: Question(
        title=title,
        meaning=" ".join((ask.__doc__ or "").split()),
        ask=ask,
        kind=kind,
        nodes=nodes,
        needs_layers=needs_layers,
    )


def from_battery(row: Row) -> Question:
    """Make a row of the battery of patch tools a question."""
    return Question(title=row.title, meaning=row.meaning, ask=lambda site: row.ask(site.tool))
