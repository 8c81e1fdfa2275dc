"""What the preflights of all nodes say as a whole, as text and as JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from tests.preflight.clusters import DEAD, cluster, on_a_node
from tests.report import preflights
from tests.report.schemas import follows
from verl_doctor.fleet.cluster import Ranked, RayNode
from verl_doctor.model import Verdict
from verl_doctor.preflight.cluster import WITHOUT_GPU, ClusterPreflight, Reduced
from verl_doctor.preflight.cluster_summary import summary
from verl_doctor.preflight.result import NotTried, Preflight
from verl_doctor.report.of_cluster_preflight import OfClusterPreflight

NODE = RayNode(id="id1", name="n1", address="10.0.0.1", gpus=8.0)
WELL = Reduced(ranks=(Ranked(rank=0, node=NODE, measurements={"gib_per_second": 180.0, "backend": "nccl"}),))
CUT = Reduced(ranks=(Ranked(rank=3, node=NODE, measurements={}, reason="no route"),))
SKIPPED = Reduced(reason="no rollout was seen to work on n2", skipped=True)


healthy = preflights.healthy


def untried() -> Preflight:
    """A node that is well, and of which no smoke test was wanted."""
    return replace(healthy(), smoke_test=NotTried(reason="none is asked for", is_wanted=False))


def text(found: ClusterPreflight, **how: bool) -> str:
    held = io.StringIO()
    OfClusterPreflight(preflight=found, **how).text(Console(file=held, highlight=False, width=5000, no_color=True))
    return held.getvalue()


def as_json(found: ClusterPreflight, **how: bool) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(OfClusterPreflight(preflight=found, **how).json())
    follows(document, "cluster")
    for node in document["nodes"]:
        if node["report"] is not None:
            follows(node["report"], "preflight")
    return document


@pytest.mark.parametrize(
    ("found", "verdict", "code"),
    [
        pytest.param(lambda: cluster(healthy(), healthy(), reduced=WELL), "healthy", 0, id="well"),
        pytest.param(lambda: cluster(healthy()), "healthy", 0, id="one node"),
        pytest.param(lambda: cluster(healthy(), preflights.failing()), "broken", 1, id="a probe failed"),
        pytest.param(lambda: cluster(healthy(), DEAD), "unknown", 3, id="one died"),
        pytest.param(lambda: cluster(preflights.failing(), DEAD), "broken", 1, id="one failed, one died"),
        pytest.param(lambda: cluster(DEAD, DEAD), "unknown", 3, id="all died"),
        pytest.param(lambda: cluster(healthy(), healthy(), reduced=CUT), "broken", 1, id="no all-reduce"),
        pytest.param(lambda: cluster(untried(), untried(), gpus=0.0), "unknown", 3, id="no GPU to try"),
        pytest.param(
            lambda: cluster(untried(), untried(), gpus=0.0, level=None), "healthy", 0, id="none is to be tried"
        ),
        pytest.param(lambda: cluster(healthy(), on_a_node(healthy(), tensordict="0.9.0")), "broken", 1, id="differ"),
        pytest.param(
            lambda: cluster(healthy(), on_a_node(healthy(), tensordict="0.9.0"), allow=("trainer-libraries-differ",)),
            "healthy",
            0,
            id="may differ",
        ),
    ],
)
def test_the_answer(found: Any, verdict: str, code: int) -> None:
    whole: ClusterPreflight = found()
    assert (whole.verdict.value, whole.exit_code) == (verdict, code)
    document = as_json(whole)
    assert (document["verdict"], document["exit_code"]) == (verdict, code)
    assert document["summary"].startswith(f"{verdict.upper()}  ")


def test_differences_come_first_and_the_last_line_says_it_all() -> None:
    found = cluster(healthy(), on_a_node(preflights.failing(), tensordict="0.9.0"), DEAD, reduced=SKIPPED)
    lines = text(found, is_verbose=True).splitlines()
    order = [
        next(number for number, line in enumerate(lines) if line.startswith(start))
        for start in (
            "DIFFERENT",
            "BROKEN  on 1 of 3 nodes (n2)",
            "Patches",
            "Smoke test",
            "all-reduce",
            "Not examined",
        )
    ]
    assert order == sorted(order)
    assert "  v0-n-gt1-leak: applicable on 1 of 3 nodes (n2)" in lines
    assert "  sampling: failed: 965 objects stay on 1 of 3 nodes (n2)" in lines
    assert lines[-1] == summary(found)
    assert text(found, is_quiet=True) == f"{lines[-1]}\n"
    assert as_json(found)["summary"] == lines[-1]


def test_the_last_line() -> None:
    found = cluster(healthy(), on_a_node(preflights.failing(), tensordict="0.9.0"), DEAD, reduced=SKIPPED)
    said = summary(found)
    assert said.startswith("BROKEN  on 1 of 3 nodes (n2), ")
    assert "Differences: trainer-libraries-differ (tensordict)." in said
    assert "1 of 2 probes failed, the first sampling (965 objects stay) on 1 of 3 nodes (n2)" in said
    assert "All-reduce: not tried, no rollout was seen to work on n2." in said
    assert said.endswith("Not examined: n3 (the node died).")
    assert "\n" not in said


def test_what_is_well_is_told_on_demand() -> None:
    found = cluster(healthy(), healthy(), reduced=WELL)
    short, long = text(found), text(found, is_verbose=True)
    assert "SAME  The nodes agree" in short
    assert "  none is to be applied\n" in short
    assert "2 of 2 probes passed on every node" in short
    assert "import-vllm: passed" not in short
    assert "import-vllm: passed on every node" in long
    assert "all-reduce over the cluster: passed on 1 rank, 180.0 GiB/s through nccl" in short
    assert short.splitlines()[-1].startswith("HEALTHY  on every node. No differences.")


def test_patches_that_were_refused_or_changed_files() -> None:
    found = cluster(preflights.broken(), preflights.unknown(), policy=preflights.POLICY)
    told = text(found)
    assert "refused on 1 of 2 nodes (n1): It is read-only." in told
    assert "v0-n-gt1-leak: applicable on 1 of 2 nodes (n1)" in told
    assert "changed /site/vllm/x.py on 1 of 2 nodes (n2)" in told
    assert "none is to be applied" not in told
    assert "no probe could be tried on 1 of 2 nodes (n2)" in told
    assert "Ignored until 2026-12-31: no GPU in this build." in told
    assert "Judged by the policy verl-doctor.toml." in told


def test_a_node_whose_answer_is_open_says_why() -> None:
    told = text(cluster(preflights.unknown())).splitlines()
    verdict = next(number for number, line in enumerate(told) if line.startswith("UNKNOWN  on n1"))
    assert "not judged (" in told[verdict + 1]


def test_nodes_on_which_ray_knows_of_no_gpu_are_not_said_to_want_none() -> None:
    found = cluster(untried(), untried(), gpus=0.0)
    assert [node["report"]["smoke_test"]["reason"] for node in as_json(found)["nodes"]] == [WITHOUT_GPU] * 2
    assert f"not tried ({WITHOUT_GPU}) on every node" in text(found)
    assert "Smoke test: not tried, Ray knows of no GPU on any node." in summary(found)
    said = summary(cluster(untried(), DEAD, gpus=0.0))
    assert "Smoke test: not tried, Ray knows of no GPU on any node that was examined." in said
    assert "none is asked for" in text(cluster(untried(), gpus=0.0, level=None))


def test_facts_are_in_the_json_on_demand() -> None:
    found = cluster(healthy(), DEAD)
    assert "facts" not in as_json(found)["nodes"][0]["report"]["check"]
    assert as_json(found, with_facts=True)["nodes"][0]["report"]["check"]["facts"]["packages"]
    assert as_json(found)["nodes"][1]["reason"] == DEAD


def test_nodes_without_a_rollout_are_named() -> None:
    assert list(cluster(healthy(), preflights.failing(), DEAD).unproved) == ["n2", "n3"]
    assert cluster(healthy(), level=None).tried_on == ()
    assert cluster(healthy(), healthy()).verdicts == {"n1": Verdict.HEALTHY, "n2": Verdict.HEALTHY}


@pytest.mark.parametrize(
    ("seen", "wish", "differences"),
    [
        (("0,1,2,3,4,5,6,7", None), {}, []),
        (("3,2,1,0,4,5,6,7", "0,1,2,3,4,5,6,7"), {}, []),
        (("0,1,2,3,4,5,6", None), {}, ["CUDA_VISIBLE_DEVICES"]),
        (("0,1,2,3,4,5,6,7", None), {"level": None}, ["CUDA_VISIBLE_DEVICES"]),
    ],
    ids=["set by Ray", "in another order", "not all", "not by Ray"],
)
def test_which_gpus_ray_reserved_is_no_difference(
    seen: tuple[str | None, ...], wish: dict[str, Any], differences: list[str]
) -> None:
    nodes = []
    for devices in seen:
        node = healthy()
        env = {} if devices is None else {"CUDA_VISIBLE_DEVICES": devices}
        nodes.append(replace(node, check=replace(node.check, facts=replace(node.check.facts, env=env))))
    assert [each.thing for each in cluster(*nodes, **wish).comparison.differences] == differences


def test_a_node_that_was_not_examined_is_none_of_every_node() -> None:
    found = cluster(preflights.broken(), preflights.broken(), DEAD)
    told, last = text(found, is_verbose=True), summary(found)
    assert "every node" not in told
    assert "BROKEN  on 2 of 3 nodes (n[1-2])" in told
    assert last.startswith("BROKEN  on 2 of 3 nodes (n[1-2]). ")
    assert "every node" not in last
    assert "on every node" in text(cluster(preflights.broken(), preflights.broken()))


def test_nodes_that_agree_are_said_to_be_those_that_were_examined() -> None:
    found = cluster(healthy(), healthy(), DEAD)
    assert "SAME  The 2 nodes that could be compared agree" in text(found)
    assert "No differences between the 2 nodes that were examined." in summary(found)


def test_a_difference_that_is_allowed_is_shown_and_does_not_count() -> None:
    nodes = (healthy(), on_a_node(healthy(), tensordict="0.9.0"))
    found = cluster(*nodes, allow=("trainer-libraries-differ",))
    told = text(found)
    assert "SAME" not in told
    assert "DIFFERENT  The nodes agree in all else that is compared. Not counted: what you allowed (1)." in told
    assert told.index("Allowed by you") < told.index("trainer-libraries-differ") < told.index("0.9.0")
    assert "No differences but what is allowed (trainer-libraries-differ)." in summary(found)
    comparison = as_json(found)["comparison"]
    assert (comparison["verdict"], comparison["differences"]) == ("different", [])
    assert [each["name"] for each in comparison["allowed"]] == ["trainer-libraries-differ"]
    assert "llowed" not in text(cluster(*nodes))


def test_an_all_reduce_that_ended_early_has_not_passed() -> None:
    ranks = WELL.ranks
    found = cluster(healthy(), healthy(), reduced=Reduced(ranks=ranks, reason="the run over the cluster ended early"))
    told = text(found)
    assert "all-reduce over the cluster: failed: the run over the cluster ended early" in told
    assert "all-reduce over the cluster: passed" not in told


def test_a_policy_whose_path_has_two_lines_is_named_on_one() -> None:
    policy = replace(preflights.POLICY, origin="a\nHEALTHY  on every node.toml")
    assert "\nHEALTHY" not in text(cluster(preflights.broken(), policy=policy))
