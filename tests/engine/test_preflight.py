"""`verl-doctor preflight` with a real rollout, on a CPU: what that node lacks, a policy ignores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.test_command_line import NEED_A_GPU, RUN
from tests.report.schemas import follows, is_junit

pytestmark = [pytest.mark.engine, pytest.mark.real]

ROOT = Path(__file__).parents[2]
MISSING = ("driver-missing", "torch-without-cuda", "vllm-not-installed", "verl-not-installed")
POLICY = '[smoke-test]\ndevice = "cpu"\nlevel = "quick"\n' + "".join(
    f'[checks."{name}"]\nseverity = "ignore"\nreason = "a CPU build, to try rollouts without a GPU"\n'
    for name in MISSING
)


def test_a_rollout_under_a_policy(python: Path, tmp_path: Path) -> None:
    policy, junit, page = tmp_path / "verl-doctor.toml", tmp_path / "junit.xml", tmp_path / "page.html"
    policy.write_text(POLICY)
    options = ("--policy", policy, "--report", f"junit={junit}", "--report", f"html={page}", "--format", "json")
    ran = subprocess.run(
        [sys.executable, "-m", "verl_doctor", "preflight", "--python", python, *options],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        timeout=600,
    )
    document = json.loads(ran.stdout)
    follows(document, "preflight")
    outcomes = {probe["name"]: probe["outcome"] for probe in document["smoke_test"]["probes"]}
    assert outcomes == {**dict.fromkeys(RUN, "passed"), **dict.fromkeys(NEED_A_GPU, "skipped")}
    assert document["smoke_test"]["verdict"] == "healthy"
    ignored = {
        result["name"] for result in document["check"]["results"] if result.get("allowed") and result["findings"]
    }
    assert ignored == set(MISSING)
    assert document["verdict"] in {"healthy", "degraded"}
    assert (document["exit_code"], ran.returncode) == (0, 0)
    is_junit(junit.read_text())
    assert "a CPU build, to try rollouts without a GPU" in page.read_text()
