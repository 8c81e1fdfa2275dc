"""What differs between nodes as JSON: the contract of `schema_version` 1."""

from __future__ import annotations

import json
from typing import Any

from verl_doctor import SCHEMA_VERSION, __version__
from verl_doctor.fleet.compare import Comparison, Difference
from verl_doctor.report.json_report import remedy, source


def render(comparison: Comparison, exit_code: int) -> str:
    """Return the comparison as one JSON object."""
    whole = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "verl-doctor", "version": __version__},
        **document(comparison),
        "exit_code": exit_code,
    }
    return json.dumps(whole, indent=2)


def document(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as plain values."""
    return {
        "nodes": list(comparison.nodes),
        "verdict": "different" if comparison.differences or comparison.allowed else "same",
        "differences": [_difference(each) for each in comparison.differences],
        "allowed": [_difference(each) for each in comparison.allowed],
        "odd": [{"nodes": list(names), "differences": many, "errors": bad} for names, many, bad in comparison.odd],
        "unreadable": [{"origin": origin, "reason": reason} for origin, reason in comparison.unreadable.items()],
        "notes": list(comparison.notes),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "id": difference.id,
        "name": difference.name,
        "severity": difference.severity.value,
        "thing": difference.thing,
        "has_majority": difference.has_majority,
        "shares": [{"value": share.value, "nodes": list(share.nodes)} for share in difference.shares],
        "why": difference.why,
        "remedy": remedy(difference.remedy),
        "sources": [source(each) for each in difference.sources],
    }
