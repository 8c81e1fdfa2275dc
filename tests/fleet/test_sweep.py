from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.facts_of import facts_of
from verl_doctor.errors import UsageError
from verl_doctor.examine import examine
from verl_doctor.facts.codec import document
from verl_doctor.fleet.cluster import Answer, Cluster, Joined, Ranked, RayNode
from verl_doctor.fleet.sweep import Report, Sweep, report
from verl_doctor.matrix.load import load
from verl_doctor.report import cluster_json, cluster_text

NODES = tuple(RayNode(id=f"id{n}", name=f"gpu{n}", address=f"10.0.0.{n}", gpus=8.0) for n in (1, 2, 3))
DEAD = Answer(node=NODES[2], reason="the node died")


def answered(number: int, version: str, status: int = 0) -> Answer:
    facts = facts_of({"ray": version, "torch": "2.6.0"})
    return Answer(node=NODES[number], status=status, out=json.dumps(document(facts)), seconds=1.0)


def sweep(*answers: Answer) -> Sweep:
    return Sweep(
        address="auto",
        joined=Joined(ray="2.46.0", python=(3, 12, 3), nodes=NODES),
        reports=tuple(map(report, answers)),
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (DEAD, "the node died"),
        (
            Answer(node=NODES[0], status=3, err="x\nverl-doctor: /opt/venv is no environment.\nmore\n"),
            "the command ended with status 3: /opt/venv is no environment",
        ),
        (Answer(node=NODES[0], status=-9), "the command ended with status -9: it printed nothing"),
        (Answer(node=NODES[0], status=0, out="[1]", err="odd"), "the command ended with status 0: odd"),
        (
            Answer(node=NODES[0], status=2, out='{"error": {"kind": "usage"}}', err="verl-doctor: No such model.\n"),
            "the command ended with status 2: No such model",
        ),
    ],
    ids=["dead", "refused", "killed", "no object", "refused as JSON"],
)
def test_what_is_no_report_has_a_reason(answer: Answer, reason: str) -> None:
    found = report(answer)
    assert found.document is None
    assert found.reason == reason


@pytest.mark.parametrize(("out", "status"), [('{"error": {}}', 1), ("Traceback", None)], ids=["said", "broken off"])
def test_a_status_counts_where_the_command_says_how_it_ended(out: str, status: int | None) -> None:
    assert report(Answer(node=NODES[0], status=1, out=out)).status == status


def test_a_report_counts_whatever_the_status_was() -> None:
    found = report(answered(0, "2.46.0", status=1))
    assert isinstance(found, Report)
    assert found.document is not None
    assert found.status == 1


@pytest.mark.parametrize(
    ("answers", "statuses", "code"),
    [
        ((answered(0, "2.46.0"), answered(1, "2.46.0")), (0, 0), 0),
        ((answered(0, "2.46.0"), answered(1, "2.46.0")), (0, 1), 1),
        ((answered(0, "2.46.0"), DEAD), (0,), 3),
        ((answered(0, "2.46.0"), DEAD), (1,), 1),
        ((answered(0, "2.46.0"),), (3,), 3),
        ((DEAD,), (), 3),
    ],
    ids=["well", "findings", "one dead", "findings and one dead", "unknown", "all dead"],
)
def test_exit_code(answers: tuple[Answer, ...], statuses: tuple[int, ...], code: int) -> None:
    assert sweep(*answers).exit_code(statuses) == code


def test_what_differs_and_who_is_missing() -> None:
    comparison = sweep(answered(0, "2.46.0"), answered(1, "2.47.0"), DEAD).compared()
    assert comparison.nodes == ("gpu1", "gpu2")
    assert [difference.name for difference in comparison.differences] == ["ray-differs"]
    assert comparison.unreadable == {"gpu3": "the node died"}
    for name in ("ray-differs", "VD821"):
        allowing = comparison.allowing([name])
        assert (allowing.differences, allowing.allowed) == ((), comparison.differences)


def test_text_of_a_check(capsys: pytest.CaptureFixture[str]) -> None:
    found = sweep(answered(0, "2.46.0"), answered(1, "2.47.0"), DEAD)
    reports = {name: examine(facts, load()) for name, facts in found.facts.items()}
    cluster_text.check(found, found.compared(), reports, Console(highlight=False, width=200))
    text = capsys.readouterr().out
    assert (
        text.index("ray-differs") < text.index("BROKEN  on 2 of 3 nodes (gpu[1-2])") < text.index("vllm-not-installed")
    )
    assert text.count("vllm-not-installed") == 1
    assert "Not examined\n  gpu3: the node died" in text
    assert "every node" not in text


def test_text_of_a_check_shows_what_may_differ(capsys: pytest.CaptureFixture[str]) -> None:
    found = sweep(answered(0, "2.46.0"), answered(1, "2.47.0"))
    cluster_text.check(found, found.compared().allowing(["ray-differs"]), {}, Console(highlight=False, width=200))
    text = capsys.readouterr().out
    assert "SAME" not in text
    assert text.index("Allowed by you") < text.index("ray-differs")


def test_text_of_an_all_reduce_names_the_rank_and_node_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    ranks = (
        Ranked(rank=0, node=NODES[0], measurements={"backend": "nccl", "gib_per_second": 180.0}),
        Ranked(rank=1, node=NODES[1], measurements={}, reason="DistBackendError: no route"),
    )
    cluster_text.smoke_test(sweep(), ranks, None, False, Console(highlight=False, width=200))
    assert "failed on rank 1 on gpu2: DistBackendError: no route" in capsys.readouterr().out
    plain = cluster_json.all_reduce(ranks, None, skipped=False)["all_reduce"]
    assert plain["outcome"] == "failed"
    assert [rank.get("reason") for rank in plain["ranks"]] == [None, "DistBackendError: no route"]


@pytest.mark.parametrize("address", ["auto", "head:6379", "10.0.0.1:6379", "ray://head:10001", "[::1]:6379"])
def test_addresses(address: str) -> None:
    assert Cluster(address=address, python=Path("/opt/venv/bin/python"), environ={}).address == address


@pytest.mark.parametrize("address", ["", "head", "http://head:8265", "head:", "--help"])
def test_no_addresses(address: str) -> None:
    with pytest.raises(UsageError, match="--ray takes"):
        Cluster(address=address, python=Path("/opt/venv/bin/python"), environ={})
