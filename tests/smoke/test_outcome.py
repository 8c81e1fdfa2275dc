"""What a smoke test says as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from verl_doctor.model import Verdict
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.results import Outcome, ProbeResult
from verl_doctor.smoke.sessions import Device, Level

PATCH = "v0-n-gt1-leak"


def result(name: str, outcome: Outcome = "passed", **measurements: Any) -> ProbeResult:
    return ProbeResult(name=name, outcome=outcome, measurements=measurements)


def smoke_test(*results: ProbeResult) -> SmokeTest:
    return SmokeTest(level=Level.QUICK, device=Device.CUDA, results=results, patches={}, seconds=1.0)


@pytest.mark.parametrize(
    ("results", "verdict", "exit_code"),
    [
        pytest.param((result("import-vllm"), result("rollout")), Verdict.HEALTHY, 0, id="a rollout passed"),
        pytest.param((result("rollout"), result("sleep", "skipped")), Verdict.HEALTHY, 0, id="another was skipped"),
        pytest.param((result("rollout"), result("sleep", "failed")), Verdict.BROKEN, 1, id="another failed"),
        pytest.param((result("rollout", "failed"),), Verdict.BROKEN, 1, id="the rollout failed"),
        pytest.param((result("rollout", "skipped"),), Verdict.UNKNOWN, 3, id="the rollout was skipped"),
        pytest.param((result("import-vllm"), result("arithmetic")), Verdict.UNKNOWN, 3, id="no rollout"),
        pytest.param((), Verdict.UNKNOWN, 3, id="nothing"),
    ],
)
def test_the_verdict(results: tuple[ProbeResult, ...], verdict: Verdict, exit_code: int) -> None:
    test = smoke_test(*results)
    assert (test.verdict, test.exit_code) == (verdict, exit_code)


FAST = result("cuda-graphs", tokens_per_second=150.0)
SLOW = result("eager-rollout", tokens_per_second=80.0)


@pytest.mark.parametrize(
    ("results", "gain"),
    [
        pytest.param((FAST, SLOW), 1.88, id="both measured"),
        pytest.param((FAST,), None, id="only one ran"),
        pytest.param((FAST, result("eager-rollout")), None, id="one measured nothing"),
        pytest.param((FAST, result("eager-rollout", tokens_per_second=0.0)), None, id="one stood still"),
        pytest.param((FAST, result("eager-rollout", "failed", tokens_per_second=80.0)), None, id="one failed"),
    ],
)
def test_the_gain_of_cuda_graphs(results: tuple[ProbeResult, ...], gain: float | None) -> None:
    assert smoke_test(*results).decoding_gain == gain


@pytest.mark.parametrize(
    ("results", "proof"),
    [
        pytest.param((result("sampling"),), "proved", id="passed"),
        pytest.param((result("sampling", "failed"),), "refuted", id="failed"),
        pytest.param((result("sampling", "skipped"),), "not tried", id="skipped"),
        pytest.param((result("rollout"),), "not tried", id="another probe"),
    ],
)
def test_what_a_probe_proves_of_a_patch(results: tuple[ProbeResult, ...], proof: str) -> None:
    assert smoke_test(*results).proof(PATCH) == proof
