"""An account as SARIF 2.1.0, which GitHub's code scanning and editors read."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from verl_doctor import __version__
from verl_doctor.model import Severity
from verl_doctor.report.account import Account, Case, Occurrence
from verl_doctor.report.plain_text import in_a_line, printable

_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_PATCHES: Final = "verl-doctor patch --status"
"""What tells of a patch that was refused, which is no name that can be explained."""
_FINGERPRINT: Final = "verlDoctorFinding/v1"


def render(account: Account) -> str:
    """Return the log."""
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(account)]}, indent=2) + "\n"


def _run(account: Account) -> dict[str, Any]:
    rules = {case.id: case for case in account.cases if case.occurrences}
    driver = {
        "name": "verl-doctor",
        "semanticVersion": __version__,
        "version": __version__,
        "rules": [_rule(case) for case in rules.values()],
    }
    number = {identifier: position for position, identifier in enumerate(rules)}
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"verl-doctor/{account.command}/"},
        "invocations": [_invocation(account)],
        "results": [_result(account, each, number[each.id]) for each in account.occurrences],
        "properties": {"verdict": account.verdict.value, "summary": printable(account.summary)},
    }


def _invocation(account: Account) -> dict[str, Any]:
    """Return how it went; what leaves the answer open is told here, for it is no result."""
    invocation: dict[str, Any] = {"executionSuccessful": account.exit_code in {0, 1}, "exitCode": account.exit_code}
    if told := [_notification(case) for case in account.open_cases]:
        invocation["toolExecutionNotifications"] = told
    return invocation


def _notification(case: Case) -> dict[str, Any]:
    said = f"{case.name} is not judged: {case.reason or 'why is not known'}"
    return {"level": "error", "descriptor": {"id": case.id}, "message": {"text": printable(said)}}


def _rule(case: Case) -> dict[str, Any]:
    title = printable(case.title)
    return {
        "id": case.id,
        "name": case.name,
        "shortDescription": {"text": title},
        "help": {"text": _PATCHES if case.group == "patches" else f"verl-doctor explain {case.id}"},
        "properties": {"tags": [case.group]},
    }


def _result(account: Account, found: Occurrence, rule: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.id,
        "ruleIndex": rule,
        "level": _LEVELS[found.severity],
        "message": {"text": _message(found)},
        "locations": [_location(account, found)],
        "partialFingerprints": {_FINGERPRINT: fingerprint(found)},
        "properties": {"primary": found.is_primary, "evidence": [printable(each) for each in found.evidence]},
    }
    if found.consequence_of:
        result["properties"]["consequenceOf"] = found.consequence_of
    if found.excused is not None:
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": printable(found.excused)}]
    return result


def _message(found: Occurrence) -> str:
    return "\n".join(in_a_line(part) for part in (found.message, found.remedy, *found.commands) if part)


def _location(account: Account, found: Occurrence) -> dict[str, Any]:
    """Return where it is: the file, else the environment that was examined."""
    file = found.file or account.place
    path = Path(printable(file))
    artifact = {"uri": path.as_uri() if path.is_absolute() else _relative(path)}
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if found.line:
        physical["region"] = {"startLine": found.line}
    return {"physicalLocation": physical, "logicalLocations": [{"name": found.name, "kind": "module"}]}


def _relative(path: Path) -> str:
    from urllib.parse import quote

    return quote(path.as_posix())


def fingerprint(found: Occurrence) -> str:
    """Return what stays the same from run to run for the same finding."""
    return hashlib.sha256(printable(f"{found.id}\0{found.file}\0{found.message}").encode()).hexdigest()
