"""Entries as JSON: the contract of `schema_version` 1."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from verl_doctor import SCHEMA_VERSION, __version__
from verl_doctor.explain.entry import Entry


def render(found: Iterable[Entry], exit_code: int = 0) -> str:
    """Return entries as one JSON object."""
    whole = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "verl-doctor", "version": __version__},
        "entries": [_entry(entry) for entry in found],
        "exit_code": exit_code,
    }
    return json.dumps(whole, indent=2)


def _entry(entry: Entry) -> dict[str, Any]:
    severity = entry.severity.value if entry.severity else None
    return {**asdict(entry), "layer": entry.layer.value, "severity": severity}
