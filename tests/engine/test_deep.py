"""The deep check of a real vLLM: it can be imported, and not beside a torchvision that was built for another torch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine import environment
from verl_doctor.facts.imports import Import, collect
from verl_doctor.host import LocalHost
from verl_doctor.target import find

pytestmark = pytest.mark.engine


def imported(python: Path) -> dict[str, Import]:
    return collect(LocalHost(), find(LocalHost(), python=python, own=python), {})


def test_a_healthy_environment(python: Path) -> None:
    found = imported(python)
    assert {name: seen.outcome for name, seen in found.items()} == dict.fromkeys(
        ("torch", "tensordict", "vllm"), "works"
    )
    assert all(seen.version for seen in found.values())


def test_a_torchvision_for_another_torch(python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment.torchvision_for_cuda(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    vllm = imported(python)["vllm"]
    assert (vllm.outcome, vllm.error) == ("fails", "RuntimeError: operator torchvision::nms does not exist")
    assert vllm.through[:3] == ("vllm", "transformers", "torchvision")
