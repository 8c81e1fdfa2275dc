"""What is wrong in launch scripts and configurations as JSON: the contract of `schema_version` 1."""

from __future__ import annotations

import json
from typing import Any

from verl_doctor.lint.document import Document
from verl_doctor.lint.fault import Fault
from verl_doctor.lint.fix import edits_of
from verl_doctor.lint.outcome import Linted, Mode, Outcome, diff
from verl_doctor.lint.places import line_of, text_of
from verl_doctor.report.head import head
from verl_doctor.report.json_report import remedy, source
from verl_doctor.report.lint_text import changes
from verl_doctor.target import Target


def render(outcome: Outcome, target: Target, exit_code: int, *, mode: Mode) -> str:
    """Return the outcome as one JSON object; with `fix`, the results are what is left."""
    fixed = mode == "fix"
    whole: dict[str, Any] = {
        **head(target),
        "versions": dict(outcome.versions),
        "unknown_releases": list(outcome.unknown),
        "files": [_file(each) for each in outcome.files],
        "results": [
            _result(outcome, each.after if fixed else each.before, fault)
            for each in outcome.files
            for fault in (each.left if fixed else each.found).faults
        ],
    }
    if mode != "check":
        whole["corrected"] = [
            _result(outcome, made.document, made.fault) for each in outcome.files for made in each.corrected
        ]
        whole["diff"] = diff(outcome.files).decode("utf-8", "backslashreplace")
    if fixed:
        whole["changed"] = [str(each.before.path) for each in outcome.files if each.is_changed]
    if outcome.passed_over:
        whole["passed_over"] = [{"file": str(path), "reason": reason} for path, reason in outcome.passed_over]
    if outcome.crashed:
        whole["crashed"] = [{"name": name, "error": error} for name, error in outcome.crashed.items()]
    return json.dumps({**whole, "exit_code": exit_code}, indent=2) + "\n"


def _file(each: Linted) -> dict[str, Any]:
    document = each.after
    return {
        "file": str(document.path),
        "format": document.format,
        "launches": [{"program": launch.program, "line": launch.line} for launch in document.launches],
        "unread": [{"line": line, "reason": reason} for line, reason in document.unread],
    }


def _result(outcome: Outcome, document: Document, fault: Fault) -> dict[str, Any]:
    setting, line = fault.setting, line_of(document, fault.setting)
    plain: dict[str, Any] = {
        "id": fault.id,
        "name": fault.name,
        "severity": fault.severity.value,
        "file": str(document.path),
        "line": line,
        "text": text_of(document, line),
        "setting": {"kind": setting.kind, "name": setting.name, "value": setting.value},
        "message": fault.message,
        "remedy": remedy(fault.remedy),
        "correction": list(changes(document, fault)) if edits_of(document, fault) else None,
        "sources": [source(each) for each in fault.sources],
    }
    if outcome.is_allowed(fault):
        plain["allowed"] = True
    return plain
