"""What the machine shows of an NVIDIA driver: its traces, and what it answers. `driver` and `gpus` read this."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Final

from verl_doctor.facts import nvidia_smi, nvml
from verl_doctor.host import LAST_WAIT, Host
from verl_doctor.target import Target

LIBRARIES: Final = ("libnvidia-ml.so.1", "libcuda.so.1")
"""The driver's libraries that NVML's binding and every CUDA program load."""

_ASKING: Final = 7.0  # seconds for NVML and nvidia-smi together
DEADLINE: Final = _ASKING + nvidia_smi.GRACE + 2 * LAST_WAIT + 1.0
"""Longer than both of nvidia-smi's processes, stuck in the kernel, can keep us: that is the answer "hung"."""
WAITS: Final = True
_NVML: Final = 5.0
_VERSIONS: Final = (
    (Path("/proc/driver/nvidia/version"), re.compile(rb"Kernel Module(?:\s+for\s+\S+)?\s+(\d+\.\d+(?:\.\d+)?)")),
    (Path("/sys/module/nvidia/version"), re.compile(rb"(\d+\.\d+(?:\.\d+)?)")),
)
_DEVICE: Final = re.compile(r"nvidiactl|nvidia\d+|dxg")
_FOLDERS: Final = ("/usr/lib64", "/usr/lib", "/usr/local/nvidia/lib64", "/usr/lib/wsl/lib", "/run/opengl-driver/lib")


@dataclass(frozen=True, slots=True, kw_only=True)
class Nvidia:
    """The traces of a driver, and the answer of the first that gave one.

    `kernel` is the version of the loaded kernel module, None where none is loaded; `devices` the device files, and
    `denied` those that this user may not open; `libraries` which of LIBRARIES are in the usual folders; `hardware`
    whether an NVIDIA GPU is on the PCI bus (None: the bus cannot be read); `answer` comes from `told_by` ("nvml",
    "nvidia-smi"); `refusals` say why those asked before gave none.
    """

    kernel: str | None
    devices: tuple[str, ...]
    denied: tuple[str, ...]
    libraries: tuple[str, ...]
    hardware: bool | None
    answer: nvml.Answer | nvml.Silence | None = None
    told_by: str | None = None
    refusals: tuple[tuple[str, nvml.Refusal], ...] = ()


def collect(host: Host, target: Target) -> Nvidia:
    """Return what can be seen. A machine without any trace of a driver is not asked further."""
    del target
    devices = _devices(host)
    seen = Nvidia(
        kernel=_kernel_version(host),
        devices=devices,
        denied=tuple(device for device in devices if not host.is_writable(Path(device))),
        libraries=_libraries(host),
        hardware=_hardware(host),
    )
    if seen.kernel or seen.devices or seen.libraries or host.which("nvidia-smi"):
        return _asked(host, seen)
    return seen


def _asked(host: Host, seen: Nvidia) -> Nvidia:
    refusals: list[tuple[str, nvml.Refusal]] = []
    until = monotonic() + _ASKING
    for name, ask, deadline in (("nvml", nvml.ask, _NVML), ("nvidia-smi", nvidia_smi.ask, _ASKING)):
        match ask(host, min(deadline, until - monotonic())):
            case nvml.Refusal() as refusal:
                refusals.append((name, refusal))
            case answer:
                return replace(seen, answer=answer, told_by=name, refusals=tuple(refusals))
    return replace(seen, refusals=tuple(refusals))


def _kernel_version(host: Host) -> str | None:
    """Return the version of the kernel module that is loaded, proprietary or open."""
    for path, pattern in _VERSIONS:
        try:
            found = pattern.search(host.read(path, 2**12))
        except OSError:
            continue
        if found:
            return found.group(1).decode("ascii")
    return None


def _devices(host: Host) -> tuple[str, ...]:
    try:
        names = host.names(Path("/dev"))
    except OSError:
        return ()
    return tuple(f"/dev/{name}" for name in names if _DEVICE.fullmatch(name))


def _libraries(host: Host) -> tuple[str, ...]:
    named = [folder for folder in host.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    folders = (*named, f"/usr/lib/{host.machine}-linux-gnu", *_FOLDERS)
    return tuple(name for name in LIBRARIES if any(host.is_file(Path(folder, name)) for folder in folders))


def _hardware(host: Host) -> bool | None:
    """Say whether a display controller (PCI class 03) of NVIDIA (vendor 10de) is on the bus."""
    bus = Path("/sys/bus/pci/devices")
    try:
        return any(_is_gpu(host, bus / name) for name in host.names(bus))
    except OSError:
        return None


def _is_gpu(host: Host, device: Path) -> bool:
    try:
        return host.read(device / "vendor", 16).startswith(b"0x10de") and host.read(device / "class", 16).startswith(
            b"0x03"
        )
    except OSError:
        return False
