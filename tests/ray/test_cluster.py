"""The doctor on a real Ray cluster of several nodes: differences, patches, an all-reduce, nodes that die or hang."""

from __future__ import annotations

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.doctor import doctor
from tests.ray.cluster import program
from tests.ray.conftest import Running
from tests.report.schemas import follows

pytestmark = pytest.mark.ray

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"
SCHEMA = json.loads((SCHEMAS / "cluster.json").read_text())
PATCH = "zmq-lock-permission"


def report(running: Running, *arguments: str | Path, code: int) -> dict[str, Any]:
    place = ("--ray", running.cluster.address, "--python", running.one, "--format", "json")
    finished = doctor(*arguments, *(place[:4] if arguments[0] == "facts" else place), timeout=170)
    assert finished.returncode == code, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == code
    return document


def test_facts_of_every_node_and_what_differs(running: Running, tmp_path: Path) -> None:
    document = report(running, "facts", code=0)
    assert [node["name"] for node in document["nodes"]] == ["n1", "n2"]
    one, other = (node["report"] for node in document["nodes"])
    assert one["target"]["python"] == str(running.one)
    assert other["target"]["python"] == str(running.other)
    assert one["packages"]["tensordict"]["version"] == "0.8.3"
    assert other["packages"]["tensordict"]["version"] == "0.6.2"
    assert "NCCL_DEBUG" not in one["env"]
    assert other["env"]["NCCL_DEBUG"] == "INFO"
    assert not {"RAY_JOB_ID", "CUDA_VISIBLE_DEVICES"} & one["env"].keys()
    found = {difference["thing"]: difference["name"] for difference in document["comparison"]["differences"]}
    assert found == {"tensordict": "trainer-libraries-differ", "NCCL_DEBUG": "environment-differs"}
    kept = tmp_path / "cluster.json"
    kept.write_text(json.dumps(document))
    again = json.loads(doctor("compare", kept, "--format", "json").stdout)
    assert again["differences"] == document["comparison"]["differences"]


def test_check_says_what_differs_first_and_every_finding_once(running: Running) -> None:
    place = ("--ray", running.cluster.address, "--python", running.one)
    text = doctor("check", *place, without=("COLUMNS",), timeout=170)
    assert text.returncode == 1
    lines = text.stdout.splitlines()
    differs = lines.index("error  trainer-libraries-differ  VD825")
    on_both = next(number for number, line in enumerate(lines) if line.startswith("error  driver-missing"))
    assert differs < on_both
    assert lines[on_both + 1] == "    on every node"
    assert sum("driver-missing" in line and line.startswith("error") for line in lines) == 1


def test_check_of_every_node_as_json(running: Running) -> None:
    document = report(running, "check", code=1)
    for node in document["nodes"]:
        jsonschema.validate(node["report"], json.loads((SCHEMAS / "check.json").read_text()))
    assert document["comparison"]["verdict"] == "different"


def test_patches_on_every_node(running: Running) -> None:
    file = "verl/workers/rollout/vllm_rollout/vllm_async_server.py"
    sites = [next(python.parents[1].glob("lib/python3*/site-packages")) for python in (running.one, running.other)]
    before = [(site / file).read_bytes() for site in sites if (site / file).exists()]

    def states(document: dict[str, Any]) -> set[str]:
        return {p["state"] for node in document["nodes"] for p in node["report"]["patches"] if p["name"] == PATCH}

    assert states(report(running, "patch", "--status", code=0)) == {"applicable"}
    report(running, "patch", "--check", PATCH, code=1)
    applied = report(running, "patch", "--apply", PATCH, code=0)
    assert states(applied) == {"applied"}
    assert all(node["report"]["changed"] for node in applied["nodes"])
    assert states(report(running, "patch", "--revert", PATCH, code=0)) == {"applicable"}
    assert [(site / file).read_bytes() for site in sites if (site / file).exists()] == before


def test_a_patch_on_one_node_only_is_a_difference(running: Running) -> None:
    assert doctor("patch", "--apply", PATCH, "--python", running.other).returncode == 0
    try:
        document = report(running, "facts", code=0)
    finally:
        assert doctor("patch", "--revert", PATCH, "--python", running.other).returncode == 0
    found = {d["thing"]: d["name"] for d in document["comparison"]["differences"]}
    assert found[f"patch {PATCH}"] == "patch-state-differs"
    assert not any(thing.startswith("files of verl") for thing in found)


def test_all_nodes_add_numbers_together(running: Running) -> None:
    document = report(running, "smoke-test", "--device", "cpu", "--probe", "import-vllm", code=3)
    reduced = document["all_reduce"]
    assert reduced["outcome"] == "passed", reduced
    assert {rank["node"] for rank in reduced["ranks"]} == {"n1", "n2"}
    assert all(rank["backend"] == "gloo" and rank["gib_per_second"] > 0 for rank in reduced["ranks"])


def test_a_rank_that_cannot_start_is_named_with_its_node(running: Running, tmp_path: Path) -> None:
    broken = tmp_path / "torch"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise OSError('libcudart.so.12: cannot open shared object file')")
    running.cluster.start("n6", running.one, PYTHONPATH=str(tmp_path))
    try:
        document = report(running, "smoke-test", "--device", "cpu", "--probe", "import-vllm", code=1)
    finally:
        running.cluster.stop("n6")
    reduced = document["all_reduce"]
    assert reduced["outcome"] == "failed"
    reasons = {rank["node"]: rank.get("reason", "") for rank in reduced["ranks"]}
    assert "libcudart.so.12" in reasons["n6"]
    assert "libcudart.so.12" not in reasons["n1"] + reasons["n2"]


def test_without_gpus_nothing_is_tried_on_them(running: Running) -> None:
    document = report(running, "smoke-test", code=3)
    assert {node["outcome"] for node in document["nodes"]} == {"skipped"}
    assert document["all_reduce"]["outcome"] == "skipped"
    assert "GPU" in document["all_reduce"]["reason"]


POLICY = """
fail-on = "warning"
[checks.driver-missing]
severity = "ignore"
reason = "no GPU here"
[expect]
versions = { tensordict = "==0.8.*" }
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A file that nodes do not find by themselves."""
    file = tmp_path / "verl-doctor.toml"
    file.write_text(POLICY)
    return file


def results(node: dict[str, Any], name: str) -> dict[str, Any]:
    report = node["report"].get("check", node["report"])
    (found,) = [each for each in report["results"] if each["name"] == name]
    return dict(found)


@pytest.mark.parametrize("command", ["check", "preflight"])
def test_every_node_is_judged_by_the_same_policy(command: str, running: Running, policy: Path) -> None:
    document = report(running, command, "--policy", policy, code=1)
    assert [results(node, "driver-missing")["allowed"] for node in document["nodes"]] == [True, True]
    outcomes = [results(node, "version-unexpected")["outcome"] for node in document["nodes"]]
    assert outcomes == ["passed", "failed"]
    (finding,) = results(document["nodes"][1], "version-unexpected")["findings"]
    assert str(policy) in finding["message"]


def test_a_preflight_of_every_node(running: Running) -> None:
    document = report(running, "preflight", code=1)
    for node in document["nodes"]:
        follows(node["report"], "preflight")
        assert node["report"]["smoke_test"]["reason"] == "Ray knows of no GPU on this node"
        assert node["report"]["policy"] is None
        assert "facts" not in node["report"]["check"]
    assert document["comparison"]["verdict"] == "different"
    assert document["verdict"] == "broken"
    assert "all_reduce" not in document


def test_the_last_line_of_a_preflight_says_it_all(running: Running, policy: Path, tmp_path: Path) -> None:
    place = ("--ray", running.cluster.address, "--python", running.one, "--policy", policy)
    file = tmp_path / "report.json"
    text = doctor("preflight", *place, "--report", f"json={file}", without=("COLUMNS",), timeout=170)
    assert text.returncode == 1
    last = json.loads(file.read_text())["summary"]
    assert last.startswith("BROKEN  on every node. Differences: trainer-libraries-differ (tensordict) and 1 more. ")
    assert " ".join(text.stdout.split()).endswith(" ".join(last.split()))
    quiet = doctor("preflight", *place, "--quiet", timeout=170)
    assert (quiet.stdout, quiet.returncode) == (f"{last}\n", 1)


def test_a_preflight_applies_patches_that_the_policy_requires(running: Running, policy: Path) -> None:
    policy.write_text(f'[patches]\napply = true\nrequired = ["{PATCH}"]\n')
    try:
        document = report(running, "preflight", "--policy", policy, "--level", "none", code=1)
        again = report(running, "preflight", "--policy", policy, "--level", "none", code=1)
    finally:
        report(running, "patch", "--revert", PATCH, code=0)
    for node in document["nodes"]:
        states = {each["name"]: each["state"] for each in node["report"]["patches"]["states"]}
        assert states[PATCH] == "applied"
        assert len(node["report"]["patches"]["changed"]) == 1
    assert [node["report"]["patches"]["changed"] for node in again["nodes"]] == [[], []]


def test_a_smoke_test_is_tried_where_ray_knows_of_gpus(running: Running) -> None:
    running.cluster.start("n7", running.one, 2)
    try:
        document = report(running, "preflight", "--keep-going", code=1)
    finally:
        running.cluster.stop("n7")
    reasons = {node["name"]: node["report"]["smoke_test"]["reason"] for node in document["nodes"]}
    without = "Ray knows of no GPU on this node"
    assert reasons["n1"] == reasons["n2"] == without
    assert reasons["n7"].startswith("there is no GPU to try")


def test_a_model_that_is_on_no_node(running: Running) -> None:
    document = report(running, "preflight", "--model", "/no/such/model", "--device", "cpu", code=3)
    assert {node["outcome"] for node in document["nodes"]} == {"failed"}
    assert all("/no/such/model is no folder of a model" in node["reason"] for node in document["nodes"])
    assert document["verdict"] == "unknown"


def test_a_node_on_which_a_preflight_hangs(running: Running, tmp_path: Path) -> None:
    stopping = "grep -q verl_doctor /proc/$PPID/cmdline && kill -STOP $PPID"
    stop = program(tmp_path / "bin", "nvidia-smi", stopping, os.environ)
    running.cluster.start("n8", running.one, **stop)
    try:
        document = report(running, "preflight", "--level", "none", "--node-deadline", "12", code=1)
    finally:
        running.cluster.stop("n8")
    (hung,) = [node for node in document["nodes"] if node["name"] == "n8"]
    assert re.fullmatch(r"the command did not end within \d+ seconds and was killed", hung["reason"])
    assert {node["outcome"] for node in document["nodes"]} == {"answered", "failed"}
    assert "Not examined: n8 (" in document["summary"]


def test_a_node_that_dies_during_the_run(running: Running, tmp_path: Path) -> None:
    kill = """
        up() { awk '/^PPid/ {print $2}' /proc/$1/status; }
        raylet=$(up $(up $PPID))
        grep -q raylet/raylet /proc/$raylet/cmdline && kill -9 $raylet
        sleep 6
    """
    running.cluster.start("n3", running.one, **program(tmp_path / "bin", "nvidia-smi", kill, os.environ))
    try:
        document = report(running, "facts", code=3)
    finally:
        running.cluster.stop("n3")
    outcomes = {node["name"]: node["outcome"] for node in document["nodes"]}
    assert outcomes == {"n1": "answered", "n2": "answered", "n3": "failed"}
    assert "died" in document["nodes"][2]["reason"] or "was killed" in document["nodes"][2]["reason"]
    assert [each["origin"] for each in document["comparison"]["unreadable"]] == ["n3"]


def test_a_node_on_which_the_doctor_hangs(running: Running, tmp_path: Path) -> None:
    stopping = "grep -q verl_doctor /proc/$PPID/cmdline && kill -STOP $PPID"
    stop = program(tmp_path / "bin", "nvidia-smi", stopping, os.environ)
    running.cluster.start("n4", running.one, **stop)
    try:
        document = report(running, "check", "--node-deadline", "12", "--allow", "trainer-libraries-differ", code=1)
    finally:
        running.cluster.stop("n4")
    (hung,) = [node for node in document["nodes"] if node["name"] == "n4"]
    assert hung["outcome"] == "failed"
    assert re.fullmatch(r"the command did not end within \d+ seconds and was killed", hung["reason"])


def test_a_node_that_does_not_answer(running: Running) -> None:
    running.cluster.start("n5", running.one)
    os.kill(running.cluster.raylet("n5"), signal.SIGSTOP)
    try:
        document = report(running, "facts", "--node-deadline", "5", code=3)
    finally:
        running.cluster.stop("n5")
    (silent,) = [node for node in document["nodes"] if node["name"] == "n5"]
    assert silent["outcome"] == "failed"
    assert re.search(r"it did not answer within \d+ seconds|died", silent["reason"])


def test_an_address_without_a_cluster(running: Running) -> None:
    finished = doctor("facts", "--ray", "127.0.0.1:9", "--python", running.one, timeout=170)
    assert finished.returncode == 3
    assert "cannot be joined" in finished.stderr
