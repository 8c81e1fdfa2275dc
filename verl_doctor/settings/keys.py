"""The keys of verl's configurations with their defaults, release by release (verl.json, from the published wheels)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from verl_doctor.settings import spans

MAPPING: Final = "{}"
"""The default of a key that has keys below it, or none yet."""
MISSING: Final = "???"
"""The default of a key that a launch has to set."""
_FILE: Final = Path(__file__).with_name("verl.json")
Keys = Mapping[str, Any]


@cache
def configurations(version: str) -> Mapping[str, Keys] | None:
    """Return the keys of each configuration of a release with their defaults; None where it is not in the table."""
    table = _table()
    at = spans.number(table["releases"], version)
    if at is None:
        return None
    found: dict[str, dict[str, Any]] = {}
    for key, rows in table["keys"].items():
        for first, last, group, default in rows:
            if first <= at <= last:
                for index in table["sets"][group]:
                    found.setdefault(table["configurations"][index], {})[key] = default
    return found


def known_by(key: str, family: str = "ppo") -> str | None:
    """Say which releases have a key in a configuration of this family; None where none has."""
    table = _table()
    wanted = {index for index, name in enumerate(table["configurations"]) if family in name}
    rows = [row for row in table["keys"].get(key, ()) if not wanted.isdisjoint(table["sets"][row[2]])]
    return spans.said("verl", table["releases"], spans.merged(rows)) if rows else None


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return table
