"""`verl-doctor demo` as a process, on the real release."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.doctor import doctor


@pytest.mark.real
def test_the_whole_job(release: Callable[..., Path]) -> None:
    release("vllm", "0.7.2")  # skips where there is no index
    finished = doctor("demo")
    assert finished.returncode == 0, finished.stderr
    out = finished.stdout
    steps = [
        "fails  vllm07-local-rank",
        "-        local_rank = rank",
        "works  vllm07-local-rank",
        "0 differ",
        "as it should",
    ]
    positions = [out.index(step) for step in steps]
    assert positions == sorted(positions)
    assert "\x1b" not in out


def test_without_network_and_cache_one_sentence(tmp_path: Path) -> None:
    nowhere = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple", "VERL_DOCTOR_CACHE": str(tmp_path)}
    finished = doctor("demo", environ=nowhere)
    assert (finished.returncode, finished.stdout) == (3, "")
    assert len(finished.stderr.splitlines()) == 1
    assert "vllm 0.7.2" in finished.stderr
    assert list(tmp_path.rglob("*.py")) == []
