"""The traces of a driver, and who is asked then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.fake_host import FakeHost
from verl_doctor.facts import nvidia, nvidia_smi, nvml
from verl_doctor.facts.nvml import Answer, Silence
from verl_doctor.host import LAST_WAIT, Exited, NotStarted, Process, Run, TimedOut
from verl_doctor.target import Target

TARGET = Target(python=None, prefix="/venv", version="3.12", kind="venv", search_path=())
CHILD = nvml.command() or ()
PROPRIETARY = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version:\n"
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  535.86.10  Release Build  (dvs@host)  Wed Jul 26\n"
REFUSED = Exited(0, '{"error": "LibraryNotFound", "message": "NVML Shared Library Not Found"}', "")
ANSWERED = Exited(0, '{"version": "580.1", "cuda": "13.0", "cuda_error": null, "gpus": []}', "")
LISTED = Exited(0, "550.54.15, 0, GPU-1, NVIDIA H200, 10, 9, 9.0, Disabled, Enabled, Disabled\n", "")


def collect(files: dict[str, bytes | str], programs: dict[tuple[str, ...], Run] | None = None) -> nvidia.Nvidia:
    return nvidia.collect(FakeHost(files=files, programs=programs or {}), TARGET)


@pytest.mark.parametrize(
    ("files", "version"),
    [
        pytest.param({"/proc/driver/nvidia/version": PROPRIETARY}, "550.54.15", id="proprietary"),
        pytest.param({"/proc/driver/nvidia/version": OPEN}, "535.86.10", id="open"),
        pytest.param({"/sys/module/nvidia/version": "580.82.07\n"}, "580.82.07", id="sysfs"),
        pytest.param(
            {"/proc/driver/nvidia/version": "strange", "/sys/module/nvidia/version": "580.82.07\n"},
            "580.82.07",
            id="proc-unreadable",
        ),
        pytest.param({"/proc/cpuinfo": ""}, None, id="none"),
    ],
)
def test_kernel_module(files: dict[str, bytes | str], version: str | None) -> None:
    assert collect(files).kernel == version


@pytest.mark.parametrize(
    ("vendor", "kind", "hardware"),
    [
        pytest.param("0x10de\n", "0x030200\n", True, id="gpu"),
        pytest.param("0x10de\n", "0x068000\n", False, id="nvswitch"),
        pytest.param("0x8086\n", "0x030000\n", False, id="intel-graphics"),
    ],
)
def test_hardware(vendor: str, kind: str, hardware: bool) -> None:
    device = "/sys/bus/pci/devices/0000:18:00.0"
    unreadable = {"/sys/bus/pci/devices/0000:00:00.0/config": ""}
    assert collect({**unreadable, f"{device}/vendor": vendor, f"{device}/class": kind}).hardware is hardware


def test_hardware_is_unknown_where_the_bus_cannot_be_read() -> None:
    assert collect({"/etc/hostname": ""}).hardware is None


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param("/proc/driver/nvidia/version", id="kernel-module"),
        pytest.param("/dev/nvidiactl", id="device"),
        pytest.param("/dev/dxg", id="wsl"),
        pytest.param("/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1", id="library"),
        pytest.param("/usr/bin/nvidia-smi", id="nvidia-smi"),
    ],
)
def test_any_trace_has_nvml_asked(trace: str) -> None:
    host = FakeHost(files={trace: PROPRIETARY}, programs={CHILD: ANSWERED})
    seen = nvidia.collect(host, TARGET)
    assert seen.told_by == "nvml"
    assert seen.answer == Answer(version="580.1", cuda="13.0", gpus=())
    assert host.started == [CHILD]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"/dev/null": "", "/dev/nvme0": "", "/usr/lib/libc.so.6": ""}, id="other-devices-and-libraries"),
        pytest.param({"/dev/nvidia-caps/nvidia-cap1": ""}, id="capabilities-alone"),
    ],
)
def test_without_a_trace_nothing_is_started(files: dict[str, bytes | str]) -> None:
    host = FakeHost(files=files)
    assert nvidia.collect(host, TARGET).answer is None
    assert host.started == []


def test_libraries_and_devices_are_seen() -> None:
    files: dict[str, bytes | str] = {
        "/dev/nvidiactl": "",
        "/dev/nvidia0": "",
        "/dev/nvidia-uvm": "",
        "/opt/lib/libcuda.so.1": "",
        "/usr/lib/aarch64-linux-gnu/libnvidia-ml.so.1": "",
    }
    host = FakeHost(
        files=files,
        environ={"LD_LIBRARY_PATH": "/opt/lib:"},
        machine="aarch64",
        denied=frozenset({"/dev/nvidia0"}),
        programs={CHILD: ANSWERED},
    )
    seen = nvidia.collect(host, TARGET)
    assert seen.devices == ("/dev/nvidia0", "/dev/nvidiactl")
    assert seen.denied == ("/dev/nvidia0",)
    assert seen.libraries == ("libnvidia-ml.so.1", "libcuda.so.1")


def test_nvidia_smi_is_asked_where_the_library_cannot_be_used() -> None:
    seen = collect({"/dev/nvidiactl": ""}, {CHILD: REFUSED, nvidia_smi.QUERY: LISTED})
    assert seen.told_by == "nvidia-smi"
    assert isinstance(seen.answer, Answer)
    assert [name for name, _ in seen.refusals] == ["nvml"]


def test_a_hung_driver_is_not_asked_again() -> None:
    host = FakeHost(files={"/dev/nvidiactl": ""}, programs={CHILD: TimedOut(5.0), nvidia_smi.QUERY: LISTED})
    seen = nvidia.collect(host, TARGET)
    assert isinstance(seen.answer, Silence)
    assert host.started == [CHILD]


def test_who_refused_is_kept() -> None:
    seen = collect({"/dev/nvidiactl": ""}, {CHILD: REFUSED})
    assert seen.answer is None
    assert [name for name, _ in seen.refusals] == ["nvml", "nvidia-smi"]


@dataclass
class StuckHost(FakeHost):
    """A host whose driver hangs in the kernel: its programs cannot be killed; `spent` counts the seconds waited."""

    spent: float = 0.0

    def start(self, argv: Sequence[str]) -> Process | NotStarted:
        del argv
        return Stuck(self)


@dataclass
class Stuck:
    """A process that nothing ends."""

    host: StuckHost

    def wait(self, deadline: float) -> Run:
        self.host.spent += deadline + LAST_WAIT
        return TimedOut(deadline)


@pytest.mark.parametrize("has_binding", [True, False], ids=["nvml", "nvidia-smi"])
def test_a_driver_that_nothing_ends_is_told_before_the_deadline(
    monkeypatch: pytest.MonkeyPatch, has_binding: bool
) -> None:
    if not has_binding:
        monkeypatch.setattr(nvml, "command", lambda: None)
    host = StuckHost(files={"/dev/nvidiactl": ""})
    assert isinstance(nvidia.collect(host, TARGET).answer, Silence)
    assert host.spent < nvidia.DEADLINE - 0.5
