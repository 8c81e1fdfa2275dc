"""The NVIDIA driver, as NVML, nvidia-smi or the kernel tell of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from verl_doctor.facts.nvidia import LIBRARIES, Nvidia
from verl_doctor.facts.nvml import Answer, Silence
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 1.0

DriverState = Literal["working", "absent", "hung", "no-access"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """The NVIDIA driver.

    `state` tells three different troubles apart: no driver ("absent"), one that does not answer ("hung"), and one that
    this container or user cannot reach ("no-access"). `version` is the driver's ("550.54.15"), `cuda` the newest CUDA
    it supports ("12.4"); `told_by` is "nvml", "nvidia-smi" or "kernel"; `detail` says what was seen; `hardware` whether
    an NVIDIA GPU is on the PCI bus (None: the bus cannot be read).
    """

    state: DriverState
    detail: str
    version: str | None = None
    cuda: str | None = None
    told_by: str | None = None
    hardware: bool | None = None


def collect(host: Host, target: Target, nvidia: Nvidia) -> Driver:
    """Return what can be said of the driver."""
    del host, target
    kernel = {"version": nvidia.kernel, "told_by": "kernel" if nvidia.kernel else None}
    match nvidia.answer:
        case Answer() as answer:
            return _answering(nvidia, answer)
        case Silence(deadline):
            detail = f"{nvidia.told_by} did not answer within {deadline:.2g} seconds"
            return Driver(state="hung", detail=detail, hardware=nvidia.hardware, **kernel)
        case None if _is_there(nvidia):
            detail = "; ".join((*_obstacles(nvidia), *_refusals(nvidia)))
            return Driver(state="no-access", detail=detail, hardware=nvidia.hardware, **kernel)
        case None:
            detail = "; ".join(("no kernel module is loaded and no device file is there", *_rest(nvidia)))
            return Driver(state="absent", detail=detail, hardware=nvidia.hardware)


def _answering(nvidia: Nvidia, answer: Answer) -> Driver:
    # LibraryNotFound is what NVML documents for a libcuda.so.1 that cannot be loaded; 580.159.04 says NotFound.
    blocked = answer.cuda_error in {"LibraryNotFound", "NotFound"}
    detail = f"{nvidia.told_by} answers"
    if blocked:
        detail += ", but libcuda.so.1, which every CUDA program loads, cannot be loaded"
    return Driver(
        state="no-access" if blocked else "working",
        detail=detail,
        version=answer.version or nvidia.kernel,
        cuda=answer.cuda,
        told_by=nvidia.told_by,
        hardware=True if answer.gpus else nvidia.hardware,
    )


def _is_there(nvidia: Nvidia) -> bool:
    """Say whether a driver is there: libraries alone come with an image or a package, and prove nothing."""
    errors = {refusal.error for _, refusal in nvidia.refusals}
    return bool(nvidia.kernel or nvidia.devices or errors - {None, "DriverNotLoaded", "LibraryNotFound"})


def _obstacles(nvidia: Nvidia) -> Iterator[str]:
    """Yield what keeps this process from a driver that is there."""
    if any(refusal.error == "LibRmVersionMismatch" for _, refusal in nvidia.refusals):
        module = f" ({nvidia.kernel})" if nvidia.kernel else ""
        yield f"the driver's libraries are of another version than the loaded kernel module{module}"
    missing = [name for name in LIBRARIES if name not in nvidia.libraries]
    if missing:
        yield f"missing in the library folders: {', '.join(missing)}"
    if "/dev/dxg" not in nvidia.devices:
        if "/dev/nvidiactl" not in nvidia.devices:
            yield "missing: /dev/nvidiactl"
        if not any(device.startswith("/dev/nvidia") and device[-1].isdigit() for device in nvidia.devices):
            yield "missing: a GPU's device file such as /dev/nvidia0"
    if nvidia.denied:
        yield f"permission denied: {', '.join(nvidia.denied)}"


def _refusals(nvidia: Nvidia) -> Iterator[str]:
    for name, refusal in nvidia.refusals:
        yield f"{name}: {refusal.message}"


def _rest(nvidia: Nvidia) -> Iterator[str]:
    """Yield what else was seen where no driver is."""
    if nvidia.libraries:
        yield f"its libraries are there: {', '.join(nvidia.libraries)}"
    yield from _refusals(nvidia)
    match nvidia.hardware:
        case True:
            yield "an NVIDIA GPU is on the PCI bus"
        case False:
            yield "no NVIDIA GPU is on the PCI bus"
        case None:
            yield "the PCI bus cannot be read"
