"""The driver's checks: missing, unreachable, too old, and a GPU that torch has no code for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.asked import findings
from tests.facts_of import facts_of, torch_of
from verl_doctor.examine import questions
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.nvml import Gpu
from verl_doctor.matrix.gpu_code import runs_on
from verl_doctor.matrix.load import load
from verl_doctor.model import Skipped


def driver(version: str | None = None, cuda: str | None = None, **others: Any) -> Driver:
    return Driver(**{"state": "working", "detail": "nvml answers", "version": version, "cuda": cuda, **others})


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ("absent", "driver-missing"),
        ("hung", "driver-unreachable"),
        ("no-access", "driver-unreachable"),
        ("working", None),
    ],
)
def test_three_troubles_are_told_apart(state: str, name: str | None) -> None:
    facts = facts_of(driver=driver("580.159.04", "13.0", state=state))
    found = {check for check in ("driver-missing", "driver-unreachable") if findings(check, facts)}
    assert found == ({name} if name else set())


@pytest.mark.parametrize(
    ("torch", "cuda", "version", "supports", "found"),
    [
        pytest.param("2.5.1", "12.4", "550.54.15", "12.4", False, id="same-release"),
        pytest.param("2.8.0", "12.8", "550.54.15", "12.4", False, id="minor-version-compatibility"),
        pytest.param("2.11.0", "13.0", "550.54.15", "12.4", True, id="next-major-release"),
        pytest.param("2.11.0", "13.0", "580.65.06", "13.0", False, id="cuda-13-driver"),
        pytest.param("2.5.1", "12.4", "470.82.01", "11.4", True, id="cuda-11-driver"),
        pytest.param("2.5.1", "12.4", "580.159.04", "13.0", False, id="newer-driver"),
        pytest.param("2.11.0", "13.0", "535.104.05", "13.0", False, id="forward-compatibility-package"),
        pytest.param("2.11.0", "13.0", "550.54.15", None, True, id="kernel-tells-only-the-version"),
        pytest.param("2.8.0", "12.8", "550.54.15", None, False, id="kernel-tells-enough"),
    ],
)
def test_driver_too_old(torch: str, cuda: str, version: str, supports: str | None, found: bool) -> None:
    facts = facts_of({"torch": torch}, torch=torch_of(torch, cuda=cuda), driver=driver(version, supports))
    assert bool(findings("driver-too-old", facts)) is found


def test_an_older_driver_gets_a_stack_for_it() -> None:
    facts = facts_of({"torch": "2.11.0", "vllm": "0.24.0", "verl": "0.9.1"}, driver=driver("550.54.15", "12.4"))
    (finding,) = findings("driver-too-old", facts)
    assert dict(finding.remedy.pins)["vllm"] == "0.19.1"
    assert "580.65.06" in finding.remedy.text


@pytest.mark.parametrize(
    ("arch", "capability", "runs"),
    [
        ("sm_90", "9.0", True),
        ("sm_90a", "9.0", True),
        ("sm_90", "10.0", False),
        ("sm_80", "8.6", True),
        ("sm_86", "8.0", False),
        ("sm_120", "12.0", True),
        ("sm_100f", "10.0", True),
        ("sm_90a", "9.1", False),
        ("compute_90", "12.0", True),
        ("compute_120", "9.0", False),
    ],
)
def test_which_code_runs_where(arch: str, capability: str, runs: bool) -> None:
    assert runs_on(arch, capability) is runs


@pytest.mark.parametrize(
    ("torch", "archs", "capability", "found"),
    [
        pytest.param("2.7.0", None, "12.0", True, id="blackwell-old-torch"),
        pytest.param("2.8.0", None, "12.0", False, id="blackwell"),
        pytest.param("2.11.0", None, "7.0", True, id="volta-new-torch"),
        pytest.param("2.11.0", None, "9.0", False, id="hopper"),
        pytest.param("2.7.0", ("sm_90", "sm_120"), "12.0", False, id="own-build-says-itself"),
    ],
)
def test_gpu_arch_not_in_build(torch: str, archs: tuple[str, ...] | None, capability: str, found: bool) -> None:
    gpu = Gpu(index=0, uuid="", name="GPU", memory_total=1, memory_free=1, compute_capability=capability)
    facts = facts_of({"torch": torch}, torch=torch_of(torch, archs=archs), gpus=(gpu, gpu))
    assert len(findings("gpu-arch-not-in-build", facts)) == found


@pytest.mark.parametrize(
    ("verl", "torch", "capability", "said"),
    [
        pytest.param("0.6.0", "2.7.1", "10.0", "(stack verl-0.6.0-vllm-0.11.0)", id="another stack of this verl"),
        pytest.param("0.9.1", "2.11.0", "7.0", "(stack verl-0.9.1-vllm-0.19.1)", id="an older torch for this verl"),
        pytest.param("0.5.0", "2.6.0", "10.0", "torch 2.8.0 or newer); none is known", id="no stack of this verl"),
        pytest.param("0.9.1", "2.11.0", "15.0", "a torch that was built for this GPU", id="no torch at all"),
    ],
)
def test_cure_of_gpu_arch_not_in_build(verl: str, torch: str, capability: str, said: str) -> None:
    gpu = Gpu(index=0, uuid="", name="GPU", memory_total=1, memory_free=1, compute_capability=capability)
    facts = facts_of({"verl": verl, "torch": torch}, gpus=(gpu,))
    (finding,) = findings("gpu-arch-not-in-build", facts)
    assert said in finding.remedy.text


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        pytest.param("gpu-arch-not-in-build", {"torch": torch_of("9.9.9")}, id="architectures"),
        pytest.param(
            "gpu-arch-not-in-build",
            {"gpus": (Gpu(index=0, uuid="", name="GPU", memory_total=1, memory_free=1, compute_capability=None),)},
            id="capability",
        ),
        pytest.param("driver-too-old", {"driver": driver()}, id="driver"),
        pytest.param("driver-too-old", {"driver": driver("unreadable")}, id="driver-unreadable"),
        pytest.param("driver-too-old", {"torch": torch_of("2.8.0", cuda=None)}, id="cuda"),
        pytest.param("driver-too-old", {"torch": torch_of("2.8.0", cuda="19.0")}, id="minimum"),
    ],
)
def test_unknown_is_not_healthy(name: str, changed: dict[str, Any]) -> None:
    question = next(question for question in questions() if question.name == name)
    assert isinstance(question.ask(facts_of({"torch": "2.8.0"}, **changed), load()), Skipped)
    absent = {**changed, "driver": driver(state="absent"), "gpus": ()}
    assert findings(name, facts_of({"torch": "2.8.0"}, **absent)) == ()


SILENT = Gpu(index=0, uuid="", name="a GPU that does not answer", memory_total=None, memory_free=None,
             compute_capability=None)  # fmt: skip


@pytest.mark.parametrize(("gpus", "said"), [((), "shows no GPU"), ((SILENT,), "do not answer (1)")])
def test_gpu_missing(gpus: tuple[Gpu, ...], said: str) -> None:
    (finding,) = findings("gpu-missing", facts_of(gpus=gpus, env={"CUDA_VISIBLE_DEVICES": "-1"}))
    assert said in finding.message
    assert "CUDA_VISIBLE_DEVICES=-1" in finding.evidence
    assert findings("gpu-missing", facts_of()) == ()
    assert findings("gpu-missing", facts_of(gpus=(), driver=driver(state="absent"))) == ()
