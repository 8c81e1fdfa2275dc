"""A diagnosis as JSON: the contract of `schema_version` 1."""

from __future__ import annotations

import json
from typing import Any

from verl_doctor import SCHEMA_VERSION, __version__
from verl_doctor.diagnose.diagnosis import Diagnosis, Match, Suspect
from verl_doctor.diagnose.occurrence import Occurrence
from verl_doctor.report.json_report import remedy, source


def render(diagnosis: Diagnosis, exit_code: int) -> str:
    """Return the diagnosis as one JSON object."""
    primary, ended = diagnosis.primary, diagnosis.ended
    whole = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "verl-doctor", "version": __version__},
        "files": list(diagnosis.files),
        "versions": {
            name: {"version": told.version, "file": told.file, "line": told.line}
            for name, told in sorted(diagnosis.versions.items())
        },
        "primary": primary.known.name if primary else None,
        "matches": [_match(match) for match in diagnosis.matches],
        "suspects": [_suspect(suspect) for suspect in diagnosis.suspects],
        "more_suspects": diagnosis.more_suspects,
        "advice": diagnosis.advice,
        "ended": {"file": ended.file, "line": ended.line, "text": ended.text} if ended else None,
        "unread": [{"file": file, "reason": reason} for file, reason in diagnosis.unread.items()],
        "exit_code": exit_code,
    }
    return json.dumps(whole, indent=2)


def _match(match: Match) -> dict[str, Any]:
    return {
        "id": match.known.id,
        "name": match.known.name,
        "severity": match.known.severity.value,
        "role": match.role,
        "confidence": match.confidence,
        "because": match.because,
        **_seen(match.seen),
        "title": match.known.title,
        "cause": match.known.cause,
        "remedy": remedy(match.remedy),
        "sources": [source(each) for each in match.sources],
    }


def _suspect(suspect: Suspect) -> dict[str, Any]:
    return {"kind": suspect.seen.record.kind, "own_code": suspect.own, **_seen(suspect.seen)}


def _seen(seen: Occurrence) -> dict[str, Any]:
    return {
        "file": seen.file,
        "line": seen.line,
        "excerpt": list(seen.excerpt),
        "times": seen.times,
        "writers": len(seen.writers),
    }
