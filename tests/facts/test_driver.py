"""Working, absent, hung or out of reach: four different facts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts.driver import Driver, DriverState, collect
from verl_doctor.facts.nvidia import LIBRARIES, Nvidia
from verl_doctor.facts.nvml import Answer, Gpu, Refusal, Silence
from verl_doctor.target import Target

TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=())
NOTHING = Nvidia(kernel=None, devices=(), denied=(), libraries=(), hardware=False)
GPU_NODE = Nvidia(
    kernel="550.54.15",
    devices=("/dev/nvidia0", "/dev/nvidiactl"),
    denied=(),
    libraries=LIBRARIES,
    hardware=True,
)
GPU = Gpu(index=0, uuid="GPU-1", name="H200", memory_total=1, memory_free=1, compute_capability="9.0")
ANSWER = Answer(version="550.54.15", cuda="12.4", gpus=(GPU,))


def driver(seen: Nvidia) -> Driver:
    return collect(FakeHost(), TARGET, seen)


def refused(seen: Nvidia, message: str, error: str | None = None) -> Nvidia:
    return replace(seen, refusals=(("nvml", Refusal(message, error)),))


def test_working() -> None:
    assert driver(replace(GPU_NODE, answer=ANSWER, told_by="nvml")) == Driver(
        state="working", detail="nvml answers", version="550.54.15", cuda="12.4", told_by="nvml", hardware=True
    )


@pytest.mark.parametrize(
    ("gpus", "bus", "hardware"),
    [
        pytest.param((GPU,), None, True, id="a-gpu-answers"),
        pytest.param((), None, None, id="nobody-tells"),
        pytest.param((), True, True, id="on-the-bus"),
    ],
)
def test_a_gpu_that_answers_is_hardware(gpus: tuple[Gpu, ...], bus: bool | None, hardware: bool | None) -> None:
    seen = replace(GPU_NODE, hardware=bus, told_by="nvml", answer=replace(ANSWER, gpus=gpus))
    assert driver(seen).hardware is hardware


@pytest.mark.parametrize(
    ("error", "state"),
    [
        pytest.param("LibraryNotFound", "no-access", id="libcuda-missing"),
        pytest.param("NotFound", "no-access", id="libcuda-missing-as-580-says-it"),
        pytest.param("FunctionNotFound", "working", id="old-driver"),
    ],
)
def test_cuda_needs_its_own_library(error: str, state: DriverState) -> None:
    answer = replace(ANSWER, cuda=None, cuda_error=error)
    found = driver(replace(GPU_NODE, answer=answer, told_by="nvml"))
    assert found.state == state
    assert ("libcuda.so.1" in found.detail) == (state == "no-access")


@pytest.mark.parametrize("told_by", ["nvml", "nvidia-smi"])
def test_hung(told_by: str) -> None:
    found = driver(replace(GPU_NODE, answer=Silence(5.0), told_by=told_by))
    assert (found.state, found.version, found.told_by) == ("hung", "550.54.15", "kernel")
    assert found.detail == f"{told_by} did not answer within 5 seconds"


@pytest.mark.parametrize(
    ("seen", "said", "not_said"),
    [
        pytest.param(
            refused(replace(GPU_NODE, devices=(), libraries=()), "NVML Shared Library Not Found", "LibraryNotFound"),
            ("libnvidia-ml.so.1, libcuda.so.1", "missing: /dev/nvidiactl", "/dev/nvidia0", "NVML Shared Library"),
            ("permission",),
            id="container-without-gpus",
        ),
        pytest.param(
            refused(replace(GPU_NODE, devices=("/dev/nvidiactl",)), "Unknown Error", "Unknown"),
            ("/dev/nvidia0", "Unknown Error"),
            ("/dev/nvidiactl", "library"),
            id="gpu-device-missing",
        ),
        pytest.param(
            refused(replace(GPU_NODE, denied=("/dev/nvidiactl",)), "Insufficient Permissions", "NoPermission"),
            ("permission denied: /dev/nvidiactl", "Insufficient Permissions"),
            ("missing",),
            id="permission",
        ),
        pytest.param(
            refused(GPU_NODE, "RM has detected an NVML/RM version mismatch.", "LibRmVersionMismatch"),
            ("another version than the loaded kernel module (550.54.15)",),
            ("missing", "permission"),
            id="mismatch",
        ),
        pytest.param(
            refused(replace(NOTHING, libraries=LIBRARIES), "mismatch", "LibRmVersionMismatch"),
            ("another version than the loaded kernel module;",),
            (),
            id="mismatch-kernel-version-hidden",
        ),
        pytest.param(
            refused(replace(NOTHING, devices=("/dev/dxg",)), "NVML Shared Library Not Found", "LibraryNotFound"),
            ("libnvidia-ml.so.1",),
            ("/dev/nvidia",),
            id="wsl-without-libraries",
        ),
    ],
)
def test_no_access_says_what_is_missing(seen: Nvidia, said: tuple[str, ...], not_said: tuple[str, ...]) -> None:
    found = driver(seen)
    assert found.state == "no-access"
    assert (found.version, found.told_by) == (seen.kernel, "kernel" if seen.kernel else None)
    assert all(words in found.detail for words in said)
    assert not any(words in found.detail for words in not_said)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        pytest.param(NOTHING, "no NVIDIA GPU is on the PCI bus", id="laptop"),
        pytest.param(replace(NOTHING, hardware=None), "the PCI bus cannot be read", id="bus-hidden"),
        pytest.param(replace(NOTHING, hardware=True), "an NVIDIA GPU is on the PCI bus", id="gpu-without-driver"),
        pytest.param(
            refused(replace(NOTHING, libraries=LIBRARIES), "Driver Not Loaded", "DriverNotLoaded"),
            "its libraries are there: libnvidia-ml.so.1, libcuda.so.1; nvml: Driver Not Loaded",
            id="libraries-of-an-image",
        ),
    ],
)
def test_absent(seen: Nvidia, said: str) -> None:
    found = driver(seen)
    assert (found.state, found.version, found.told_by) == ("absent", None, None)
    assert said in found.detail
    assert found.hardware is seen.hardware
