"""What came of judging files."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verl_doctor.lint.document import Document
from verl_doctor.lint.fault import Fault
from verl_doctor.lint.fix import Correction
from verl_doctor.lint.judge import Judgement
from verl_doctor.model import Severity

Mode = Literal["check", "diff", "fix"]
"""What was asked for: to look, to see what would be corrected, or to correct it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """A file and what is wrong in it: as it was found, and as it is, or would be, with the corrections made."""

    before: Document
    found: Judgement
    after: Document
    left: Judgement
    corrected: tuple[Correction, ...] = ()

    @property
    def launches_nothing(self) -> bool:
        """Whether it is a script in which no start of verl or vLLM was recognised."""
        return self.before.format in {"shell", "slurm"} and not any(
            each.trains_or_serves for each in self.before.launches
        )

    @property
    def is_changed(self) -> bool:
        """Whether the corrections come to something."""
        return self.after.data != self.before.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All files that were judged, and the versions that they were judged for.

    `allowed` names the failures that the user chose to live with; `passed_over` are files in folders that could not be
    read, and why; `foreign` counts those that have nothing to do with verl.
    """

    files: tuple[Linted, ...]
    versions: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    """Those of verl and vLLM that are in no table here, as "verl 0.55"."""
    allowed: Collection[str] = ()
    passed_over: tuple[tuple[Path, str], ...] = ()
    foreign: int = 0

    def fails(self, threshold: Severity, *, corrected: bool) -> bool:
        """Say whether a fault of at least this severity is there; `corrected`: after the corrections."""
        judgements = (file.left if corrected else file.found for file in self.files)
        faults = (fault for judgement in judgements for fault in judgement.faults)
        return any(fault.severity.rank <= threshold.rank and not self.is_allowed(fault) for fault in faults)

    def is_allowed(self, fault: Fault) -> bool:
        """Say whether the user chose to live with a fault."""
        return fault.name in self.allowed or fault.id in self.allowed

    @property
    def crashed(self) -> dict[str, str]:
        """The rules that broke, with their errors."""
        return {name: error for file in self.files for name, error in (*file.found.crashed, *file.left.crashed)}


def diff(files: Sequence[Linted]) -> bytes:
    """Return the corrections of all files as one unified diff."""
    from verl_doctor.patching.diff import unified

    changed = (each for each in files if each.is_changed)
    return b"".join(unified(str(each.before.path).lstrip("/"), each.before.data, each.after.data) for each in changed)
