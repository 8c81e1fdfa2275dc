"""Names that vLLM understands, release by release (vllm.json, from the published wheels)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from verl_doctor.settings import spans

Kind = Literal["engine", "options", "variables"]
"""Fields of EngineArgs, further options of `vllm serve`, and environment variables that any file mentions."""
_FILE: Final = Path(__file__).with_name("vllm.json")


@cache
def known(kind: Kind, version: str) -> frozenset[str] | None:
    """Return the names that a release understands; None where it is not in the table."""
    table = _table()
    at = spans.number(table["releases"], version)
    if at is None:
        return None
    return frozenset(n for n, rows in table[kind].items() if any(first <= at <= last for first, last in rows))


def known_by(kind: Kind, name: str) -> str | None:
    """Say which releases understand a name; None where none does."""
    table = _table()
    rows = table[kind].get(name)
    return spans.said("vLLM", table["releases"], spans.merged(rows)) if rows else None


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return table
