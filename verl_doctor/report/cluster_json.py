"""The reports of all nodes of a cluster as JSON: the contract of `schema_version` 1."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from verl_doctor import SCHEMA_VERSION, __version__
from verl_doctor.fleet.cluster import Ranked
from verl_doctor.fleet.compare import Comparison
from verl_doctor.fleet.sweep import Report, Sweep
from verl_doctor.report import compare_json


def render(  # noqa: PLR0913 # the parts of the contract
    sweep: Sweep,
    command: str,
    exit_code: int,
    *,
    comparison: Comparison | None = None,
    reports: Mapping[str, Mapping[str, Any]] | None = None,
    more: Mapping[str, Any] | None = None,
) -> str:
    """Return everything as one JSON object; `reports` are in place of the documents that the nodes wrote."""
    whole: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": {"name": "verl-doctor", "version": __version__},
        "command": command,
        "cluster": {
            "address": sweep.address,
            "ray": sweep.joined.ray,
            "python": ".".join(map(str, sweep.joined.python)),
        },
        "comparison": compare_json.document(comparison) if comparison else None,
        **(more or {}),
        "nodes": [_node(each, (reports or {}).get(each.node.name, each.document)) for each in sweep.reports],
        "exit_code": exit_code,
    }
    return json.dumps(whole, indent=2)


def _node(found: Report, document: Mapping[str, Any] | None) -> dict[str, Any]:
    outcome = "skipped" if found.skipped else "answered" if document is not None else "failed"
    plain: dict[str, Any] = {
        "name": found.node.name,
        "id": found.node.id,
        "address": found.node.address,
        "outcome": outcome,
        "seconds": found.seconds,
    }
    if found.reason:
        plain["reason"] = found.reason
    return {**plain, "report": document}


def all_reduce(ranks: Sequence[Ranked], reason: str | None, *, skipped: bool) -> dict[str, Any]:
    """Return an all-reduce over the cluster as plain values."""
    failed = any(rank.reason for rank in ranks) or (reason is not None and not skipped)
    plain: dict[str, Any] = {"outcome": "skipped" if skipped else "failed" if failed else "passed"}
    if reason:
        plain["reason"] = reason
    plain["ranks"] = [
        {
            "rank": rank.rank,
            "node": rank.node.name,
            **{key: rank.measurements[key] for key in ("backend", "gib_per_second") if key in rank.measurements},
            **({"reason": rank.reason} if rank.reason else {}),
        }
        for rank in ranks
    ]
    return {"all_reduce": plain}
