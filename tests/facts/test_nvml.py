"""What becomes of the answers of the child that asks NVML."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts import nvml
from verl_doctor.facts.nvml import Answer, Gpu, GpuProcess, Refusal, Silence
from verl_doctor.host import Exited, Run, TimedOut

TOLD = {
    "version": "550.54.15",
    "cuda": "12.4",
    "cuda_error": None,
    "gpus": [
        {
            "index": 0,
            "uuid": "GPU-1",
            "name": "NVIDIA H200",
            "memory_total": 100,
            "memory_free": 90,
            "compute_capability": "9.0",
            "mig": False,
            "ecc": True,
            "persistence": True,
            "nvlinks": 18,
            "processes": [{"pid": 7, "name": None, "memory": 10}],
        },
        {"index": 1, "uuid": "", "name": "a GPU that does not answer"},
    ],
}
GPUS = (
    Gpu(
        index=0,
        uuid="GPU-1",
        name="NVIDIA H200",
        memory_total=100,
        memory_free=90,
        compute_capability="9.0",
        mig=False,
        ecc=True,
        persistence=True,
        nvlinks=18,
        processes=(GpuProcess(pid=7, name=None, memory=10),),
    ),
    Gpu(
        index=1,
        uuid="",
        name="a GPU that does not answer",
        memory_total=None,
        memory_free=None,
        compute_capability=None,
    ),
)


def ask(outcome: Run | None) -> Answer | Refusal | Silence:
    argv = nvml.command()
    assert argv is not None
    return nvml.ask(FakeHost(programs={argv: outcome} if outcome else {}), 5.0)


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        pytest.param(Exited(0, json.dumps(TOLD), ""), Answer(version="550.54.15", cuda="12.4", gpus=GPUS), id="answer"),
        pytest.param(
            Exited(0, '{"error": "DriverNotLoaded", "message": "Driver Not Loaded"}', ""),
            Refusal("Driver Not Loaded (DriverNotLoaded)", "DriverNotLoaded"),
            id="nvml-error",
        ),
        pytest.param(TimedOut(5.0), Silence(5.0), id="hung"),
        pytest.param(
            Exited(-11, "", "Fatal Python error\nSegmentation fault\n"),
            Refusal("asking NVML ended with status -11: Segmentation fault"),
            id="crash",
        ),
        pytest.param(Exited(0, "", ""), Refusal("asking NVML ended with status 0: no message"), id="nothing-printed"),
    ],
)
def test_answers(outcome: Run, expected: Answer | Refusal | Silence) -> None:
    assert ask(outcome) == expected


def test_a_child_that_does_not_start() -> None:
    match ask(None):
        case Refusal(message, error):
            assert message.startswith("the child that asks NVML did not start: ")
            assert error is None
        case answer:
            pytest.fail(f"{answer}")


def test_without_the_binding_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", None)
    host = FakeHost()
    assert nvml.ask(host, 5.0) == Refusal("the package nvidia-ml-py is not installed beside verl-doctor")
    assert host.started == []


@pytest.mark.parametrize("file", ["pynvml.py", "pynvml/__init__.py"], ids=["module", "package-of-an-old-binding"])
def test_the_folder_that_holds_the_binding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("")
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert (nvml.command() or ())[-1] == str(tmp_path)
