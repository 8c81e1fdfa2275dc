"""What any command has to report, in one form that every format is written from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from verl_doctor.model import Severity, Verdict

Outcome = Literal["passed", "failed", "skipped", "crashed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One thing that was found. `id` and `name` are those of the check, known failure or probe.

    `excused` says why it does not count, None where it does; `file` is absolute or relative to the working folder.
    """

    id: str
    name: str
    severity: Severity
    message: str
    remedy: str = ""
    commands: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    file: str | None = None
    line: int | None = None
    is_primary: bool = False
    consequence_of: str | None = None
    excused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One question that was asked, in a group of its kind ("check", "smoke-test"), and what came of it.

    `title` says what it is about, `reason` why it was skipped or crashed, `seconds` how long it took where that was
    measured. `leaves_open` says whether it is what makes the answer unknown.
    """

    group: str
    id: str
    name: str
    title: str
    outcome: Outcome
    reason: str | None = None
    seconds: float | None = None
    occurrences: tuple[Occurrence, ...] = ()
    leaves_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All cases of a command, and its answer. `place` is the folder that was examined."""

    command: str
    verdict: Verdict
    exit_code: int
    summary: str
    place: str
    fail_on: Severity
    cases: tuple[Case, ...]

    @property
    def occurrences(self) -> Iterator[Occurrence]:
        """All that was found, in the order of the cases."""
        return (occurrence for case in self.cases for occurrence in case.occurrences)

    @property
    def open_cases(self) -> Iterator[Case]:
        """The cases that make the answer unknown."""
        return (case for case in self.cases if case.leaves_open)

    def counts(self, occurrence: Occurrence) -> bool:
        """Say whether this makes the command fail."""
        return occurrence.excused is None and occurrence.severity.rank <= self.fail_on.rank

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups in the order in which they come."""
        return tuple(dict.fromkeys(case.group for case in self.cases))
