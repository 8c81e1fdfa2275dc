"""What the machine shows of an NVIDIA driver: its traces, and what it answers. `driver` and `gpus` read this."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from verl_doctor.facts import nvidia_smi, nvml
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 12.0  # NVML and both calls of nvidia-smi, each with its own deadline

_KERNEL: Final = Path("/proc/driver/nvidia/version")
_MODULE: Final = Path("/sys/module/nvidia/version")
_DEVICES: Final = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
_LIBRARY_FOLDERS: Final = (
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/nvidia/lib64",
    "/usr/lib/wsl/lib",
    "/run/opengl-driver/lib",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nvidia:
    """The traces of a driver, and the answer of the first that gave one.

    `kernel` is the version of the loaded kernel module, `device` the control device, `library` NVML's library, each
    None where there is none; `hardware` whether an NVIDIA GPU is on the PCI bus (None: the bus cannot be read);
    `answer` comes from `told_by` ("nvml", "nvidia-smi"); `refusals` say why those asked before gave none.
    """

    kernel: str | None
    device: Path | None
    library: Path | None
    hardware: bool | None
    answer: nvml.Answer | nvml.Silence | None = None
    told_by: str | None = None
    refusals: tuple[str, ...] = ()


def collect(host: Host, target: Target) -> Nvidia:
    """Return what can be seen. A machine without any trace of a driver is not asked further."""
    del target
    seen = Nvidia(
        kernel=_kernel_version(host),
        device=next((path for path in _DEVICES if _exists(host, path)), None),
        library=_library(host),
        hardware=_hardware(host),
    )
    if seen.kernel is None and seen.device is None and seen.library is None:
        return seen
    refusals: list[str] = []
    for name, ask in (("nvml", nvml.ask), ("nvidia-smi", nvidia_smi.ask)):
        match ask(host):
            case nvml.Refusal(message):
                refusals.append(f"{name}: {message}")
            case answer:
                return replace(seen, answer=answer, told_by=name, refusals=tuple(refusals))
    return replace(seen, refusals=tuple(refusals))


def _kernel_version(host: Host) -> str | None:
    """Return the version of the kernel module that is loaded, proprietary or open."""
    for path, pattern in (
        (_KERNEL, rb"Kernel Module[^0-9]*\s(\d+\.\d+(?:\.\d+)?)\s"),
        (_MODULE, rb"(\d+\.\d+(?:\.\d+)?)"),
    ):
        try:
            found = re.search(pattern, host.read(path, 2**12))
        except OSError:
            continue
        if found:
            return found.group(1).decode("ascii")
    return None


def _library(host: Host) -> Path | None:
    folders = (*host.environ.get("LD_LIBRARY_PATH", "").split(":"), *_LIBRARY_FOLDERS)
    candidates = (Path(folder, "libnvidia-ml.so.1") for folder in folders if folder)
    return next((path for path in candidates if host.is_file(path)), None)


def _exists(host: Host, path: Path) -> bool:
    try:
        return path.name in host.names(path.parent)
    except OSError:
        return False


def _hardware(host: Host) -> bool | None:
    """Say whether a display controller (PCI class 03) of NVIDIA (vendor 10de) is on the bus."""
    bus = Path("/sys/bus/pci/devices")
    try:
        devices = host.names(bus)
    except OSError:
        return None
    for device in devices:
        try:
            if host.read(bus / device / "vendor", 16).startswith(b"0x10de") and host.read(
                bus / device / "class", 16
            ).startswith(b"0x03"):
                return True
        except OSError:
            continue
    return False
