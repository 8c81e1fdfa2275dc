"""Which known failure a failed probe looks like."""

from __future__ import annotations

import pytest

from verl_doctor.smoke.results import ProbeResult
from verl_doctor.smoke.trouble import known

EMPTY_CACHE = "captures_underway.empty() INTERNAL ASSERT FAILED"
ORDINAL = "CUDA error: invalid device ordinal"


def failed(name: str, reason: str, detail: str = "") -> ProbeResult:
    return ProbeResult(name=name, outcome="failed", reason=reason, detail=detail)


@pytest.mark.parametrize(
    ("result", "name"),
    [
        pytest.param(
            failed("bin-checkpoint", f"RuntimeError: {EMPTY_CACHE}"), "vllm07-empty-cache", id="in the reason"
        ),
        pytest.param(failed("bin-checkpoint", "it failed", EMPTY_CACHE), "vllm07-empty-cache", id="in the detail"),
        pytest.param(
            failed("one-gpu-per-rank", f"rank 1: {ORDINAL}"), "vllm07-local-rank", id="one of its own patches"
        ),
        pytest.param(
            failed(
                "rollout",
                "RuntimeError: Engine core initialization failed.",
                "No available memory for the cache blocks",
            ),
            "cuda-oom-rollout",
            id="not its consequence",
        ),
        pytest.param(failed("rollout", "Engine core initialization failed."), "worker-died", id="only a consequence"),
        pytest.param(failed("rollout", "ZeroDivisionError: division by zero"), None, id="none that is known"),
    ],
)
def test_the_failure_that_it_looks_like(result: ProbeResult, name: str | None) -> None:
    assert known(result) == name
