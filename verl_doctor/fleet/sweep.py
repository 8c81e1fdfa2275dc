"""What every node of a cluster answered to one command."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.fleet.cluster import Answer, Joined, RayNode
from verl_doctor.fleet.compare import Comparison, compare
from verl_doctor.fleet.read import Reader
from verl_doctor.fleet.tally import Tally

_FAILED: Final = 1
UNKNOWN: Final = 3
_OURS: Final = "verl-doctor: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one node reported: the document that the command wrote there, or why there is none.

    `status` is the command's exit status there, where it said itself how it ended; `skipped` says that the node was
    left out on purpose.
    """

    node: RayNode
    document: dict[str, Any] | None = None
    status: int | None = None
    seconds: float = 0.0
    reason: str | None = None
    skipped: bool = False


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """The reports of all nodes, by name, and the cluster's Ray and Python."""

    address: str
    joined: Joined
    reports: tuple[Report, ...]

    @property
    def missing(self) -> tuple[Report, ...]:
        """The nodes that could not be examined."""
        return tuple(each for each in self.reports if each.document is None and not each.skipped)

    @property
    def done(self) -> tuple[Report, ...]:
        """The nodes that reported."""
        return tuple(each for each in self.reports if each.document is not None)

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """The facts by node, where the documents are such."""
        reader = Reader()
        return {each.node.name: reader.read(json.dumps(each.document).encode(), each.node.name) for each in self.done}

    def compared(self) -> Comparison:
        """Return what differs between the facts of the nodes."""
        tally = Tally()
        for name, facts in self.facts.items():
            tally.add(name, facts)
        missing = {each.node.name: each.reason or "no reason" for each in self.missing}
        return compare(tally, missing)

    def exit_code(self, statuses: Iterable[int]) -> int:
        """Return 1 where a node has findings, else 3 where one could not be examined or judged, else 0."""
        found = {*statuses, *((UNKNOWN,) if self.missing or not self.done else ())}
        return _FAILED if _FAILED in found else UNKNOWN if found - {0} else 0


def report(answer: Answer) -> Report:
    """Return what an answer reports: the one JSON object that was printed, whatever the exit status.

    One that says why there is no report is the reason.
    """
    if answer.status is None:
        return Report(node=answer.node, seconds=answer.seconds, reason=answer.reason, skipped=answer.skipped)
    try:
        document = json.loads(answer.out)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        return Report(node=answer.node, seconds=answer.seconds, reason=_told(answer))
    if "error" in document:
        return Report(node=answer.node, status=answer.status, seconds=answer.seconds, reason=_told(answer))
    return Report(node=answer.node, document=document, status=answer.status, seconds=answer.seconds)


def _told(answer: Answer) -> str:
    """Return what the command said in place of a report."""
    lines = [line.strip() for line in answer.err.splitlines() if line.strip()]
    ours = [line for line in lines if line.startswith(_OURS)]
    last = next(iter([*ours[-1:], *lines[-1:]]), "it printed nothing")
    return f"the command ended with status {answer.status}: {last.removeprefix(_OURS)}".rstrip(".")


def by_value(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield values with the nodes that have them, the most common first; the pairs are of node and value."""
    found: dict[str, list[str]] = {}
    for node, value in pairs:
        found.setdefault(value, []).append(node)
    yield from sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
