"""What became of the patches and the smoke test on the nodes of a cluster: each thing once, with its nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from verl_doctor.fleet.sweep import by_value
from verl_doctor.preflight.cluster import ClusterPreflight

_OPEN: Final = ("applicable", "unrecognised")
"""The states in which something is left to do, or to find out."""


def states(found: ClusterPreflight, *, whole: bool) -> dict[str, list[tuple[str, str]]]:
    """Return for each patch its state on each node, as (node, state); unless `whole`, only where that asks for action.

    A patch that is to be applied only in some circumstances is told as such, and asks for none.
    """
    told: dict[str, list[tuple[str, str]]] = {}
    for node, document in found.documents.items():
        for patch in document["patches"]["states"]:
            if whole or (patch["state"] in _OPEN and not patch.get("only_where")):
                told.setdefault(patch["name"], []).append((node, _state(patch)))
    return told


def _state(patch: dict[str, Any]) -> str:
    if patch["state"] == "applicable" and (only := patch.get("only_where")):
        return f"applicable, only where {only}"
    return f"{patch['state']} ({reason})" if (reason := patch.get("reason")) else patch["state"]


def patches_in_state(found: ClusterPreflight, state: str) -> dict[str, list[str]]:
    """Return the patches that are in a state, with the nodes on which they are.

    Those that are to be applied are without those that are only applied by name.
    """
    held: dict[str, list[str]] = {}
    for node, document in found.documents.items():
        for patch in document["patches"]["states"]:
            if patch["state"] == state and (state != "applicable" or not patch.get("only_where")):
                held.setdefault(patch["name"], []).append(node)
    return held


def changed(found: ClusterPreflight) -> Iterator[tuple[str, list[str]]]:
    """Yield the files that patches changed, with the nodes on which they did."""
    return by_value((node, path) for node, each in found.documents.items() for path in each["patches"]["changed"])


def refusals(found: ClusterPreflight) -> Iterator[tuple[str, list[str]]]:
    """Yield why patches were refused, with the nodes on which they were."""
    refused = ((node, document["patches"].get("refused")) for node, document in found.documents.items())
    return by_value((node, each["reason"]) for node, each in refused if each)


def tries(found: ClusterPreflight, *, first: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield how the smoke test went, with the nodes on which it went so; with `first` also what failed first."""
    return by_value((node, _tried(document["smoke_test"], first)) for node, document in found.documents.items())


def probes(found: ClusterPreflight) -> dict[str, list[tuple[str, str]]]:
    """Return for each probe how it went on each node, as (node, outcome with its reason)."""
    told: dict[str, list[tuple[str, str]]] = {}
    for node, document in found.documents.items():
        for each in document["smoke_test"].get("probes", ()):
            said = each["outcome"] + (f": {each['reason']}" if each.get("reason") else "")
            told.setdefault(each["name"], []).append((node, said))
    return told


def _tried(smoke_test: dict[str, Any], tells_first: bool) -> str:
    if "probes" not in smoke_test:
        return f"not tried ({smoke_test['reason']})"
    ran = [each for each in smoke_test["probes"] if each["outcome"] != "skipped"]
    failed = [each for each in ran if each["outcome"] == "failed"]
    if not ran:
        return "no probe could be tried"
    if not failed:
        return f"{len(ran)} of {len(ran)} probes passed"
    first = f", the first {failed[0]['name']} ({failed[0].get('reason')})" if tells_first else ""
    return f"{len(failed)} of {len(ran)} probes failed{first}"
