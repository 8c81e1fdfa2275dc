"""The report of a check as JSON: the contract of `schema_version` 1."""

from __future__ import annotations

import json
from typing import Any

from verl_doctor.examine import Report
from verl_doctor.model import Crashed, Failed, Finding, Passed, Remedy, Result, Ruling, Skipped, Source
from verl_doctor.report.head import head


def render(report: Report, exit_code: int, *, with_facts: bool = False) -> str:
    """Return the report as one JSON object."""
    return json.dumps(document(report, exit_code, with_facts=with_facts), indent=2)


def document(report: Report, exit_code: int, *, with_facts: bool = False) -> dict[str, Any]:
    """Return the report as plain values."""
    whole: dict[str, Any] = {
        **head(report.facts.target),
        "verdict": report.verdict.value,
        "exit_code": exit_code,
        "results": [_result(result) for result in report.results],
    }
    if with_facts:
        from verl_doctor.facts import codec

        whole["facts"] = codec.document(report.facts)
    return whole


def _result(result: Result) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": result.id,
        "name": result.name,
        "severity": result.severity.value,
        "layer": result.layer.value,
        "outcome": type(result.outcome).__name__.lower(),
        "primary": result.primary,
        "findings": [],
    }
    match result.outcome:
        case Failed(findings):
            plain["findings"] = [_finding(finding) for finding in findings]
        case Skipped(reason):
            plain["reason"] = reason
        case Crashed(error):
            plain["reason"] = error
        case Passed():
            pass
    if result.consequence_of:
        plain["consequence_of"] = result.consequence_of
    if result.allowed:
        plain["allowed"] = True
    if result.outweighed:
        plain["outweighed"] = result.outweighed
    if result.ruling:
        plain["policy"] = ruling(result.ruling)
    return plain


def ruling(said: Ruling) -> dict[str, Any]:
    """Return what a policy, or --allow, says of a check as plain values."""
    plain: dict[str, Any] = {"severity": said.severity.value if said.severity else "ignore"}
    if said.reason:
        plain["reason"] = said.reason
    if said.expires:
        plain["expires"] = said.expires.isoformat()
    return plain


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "message": finding.message,
        "evidence": list(finding.evidence),
        "remedy": remedy(finding.remedy),
        "sources": [source(each) for each in finding.sources],
    }


def remedy(cure: Remedy) -> dict[str, Any]:
    """Return a remedy as plain values."""
    plain: dict[str, Any] = {"text": cure.text, "commands": list(cure.commands)}
    if cure.patch:
        plain["patch"] = cure.patch
    return plain


def source(origin: Source) -> dict[str, str | None]:
    """Return a source as plain values."""
    return {"kind": origin.kind, "reference": origin.reference, "date": origin.date}
