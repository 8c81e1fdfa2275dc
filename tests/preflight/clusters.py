"""Preflights of clusters: nodes whose reports are those of `tests.report.preflights`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.report.preflights import TODAY
from verl_doctor.fleet.cluster import Answer, Joined, RayNode
from verl_doctor.fleet.sweep import Sweep, report
from verl_doctor.matrix.load import load
from verl_doctor.model import Severity
from verl_doctor.preflight.cluster import ClusterPreflight
from verl_doctor.preflight.result import Preflight
from verl_doctor.preflight.run import Wish
from verl_doctor.report.preflight_json import document

DEAD = "the node died"


def on_a_node(preflight: Preflight, **packages: str) -> Preflight:
    """The same where other releases of packages are installed."""
    facts = preflight.check.facts
    assert isinstance(facts.packages, Mapping)
    installed = {
        name: replace(found, version=packages.get(name, found.version)) for name, found in facts.packages.items()
    }
    return replace(preflight, check=replace(preflight.check, facts=replace(facts, packages=installed)))


def swept(*nodes: Preflight | str, gpus: float = 8.0) -> Sweep:
    """Nodes n1, n2, ... each with what its preflight says, or with why there is none."""
    places = tuple(
        RayNode(id=f"id{n}", name=f"n{n}", address=f"10.0.0.{n}", gpus=gpus) for n in range(1, len(nodes) + 1)
    )
    answers = (
        Answer(node=place, reason=said)
        if isinstance(said, str)
        else Answer(
            node=place, status=said.exit_code, out=json.dumps(document(said, TODAY, with_facts=True)), seconds=2.0
        )
        for place, said in zip(places, nodes, strict=True)
    )
    joined = Joined(ray="2.60.0", python=(3, 11, 3), nodes=places)
    return Sweep(address="auto", joined=joined, reports=tuple(map(report, answers)))


def cluster(*nodes: Preflight | str, gpus: float = 8.0, reduced: Any = None, **wish: Any) -> ClusterPreflight:
    """A whole preflight of these nodes."""
    fail_on = next((node.fail_on for node in nodes if isinstance(node, Preflight)), Severity.ERROR)
    wanted = Wish(**{"today": TODAY, "fail_on": fail_on, **wish})
    return ClusterPreflight(sweep=swept(*nodes, gpus=gpus), wish=wanted, matrix=load(), reduced=reduced)
