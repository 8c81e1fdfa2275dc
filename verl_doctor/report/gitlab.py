"""An account as a code quality report of GitLab, which shows it in merge requests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from verl_doctor.model import Severity
from verl_doctor.report.account import Account, Case, Occurrence
from verl_doctor.report.plain_text import one_line, printable
from verl_doctor.report.sarif import fingerprint

_SEVERITIES: Final = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}
_BLOCKER: Final = "blocker"


def render(account: Account) -> str:
    """Return the report. What is excused stays visible as information; what leaves the answer open is told, too."""
    told = [*account.occurrences, *map(_not_judged, account.open_cases)]
    return json.dumps([_violation(account, each) for each in told], indent=2) + "\n"


def _not_judged(case: Case) -> Occurrence:
    message = f"This is not judged: {case.reason or 'why is not known'}."
    return Occurrence(id=case.id, name=case.name, severity=Severity.ERROR, message=message)


def _violation(account: Account, found: Occurrence) -> dict[str, Any]:
    excused = f" (not counted, {found.excused})" if found.excused is not None else ""
    cure = f" {found.remedy}" if found.remedy else ""
    return {
        "description": one_line(f"{found.name}: {found.message}{excused}{cure}"),
        "check_name": found.name,
        "fingerprint": fingerprint(found),
        "severity": _severity(found),
        "location": {"path": _path(found.file or account.place), "lines": {"begin": found.line or 1}},
    }


def _severity(found: Occurrence) -> str:
    is_blocker = found.is_primary and found.severity is Severity.ERROR
    return _BLOCKER if is_blocker else _SEVERITIES[found.severity]


def _path(file: str) -> str:
    """Return a path as GitLab takes it: relative, to the repository where it lies in it, else to the root."""
    path, here = Path(printable(file)), Path.cwd()
    if path.is_absolute():
        path = path.relative_to(here) if path.is_relative_to(here) else path.relative_to("/")
    return path.as_posix()
