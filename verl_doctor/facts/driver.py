"""The NVIDIA driver, as NVML, nvidia-smi or the kernel tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from verl_doctor.facts.nvidia import Nvidia
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
        case Answer(version=version, cuda=cuda):
            return Driver(
                state="working",
                detail=f"{nvidia.told_by} answers",
                version=version or nvidia.kernel,
                cuda=cuda,
                told_by=nvidia.told_by,
                hardware=nvidia.hardware,
            )
        case Silence(deadline):
            detail = f"{nvidia.told_by} did not answer within {deadline:g} seconds"
            return Driver(state="hung", detail=detail, hardware=nvidia.hardware, **kernel)
        case None:
            pass
    missing = () if nvidia.library else ("libnvidia-ml.so.1 is not in the library folders",)
    if nvidia.kernel is None and nvidia.device is None:
        # A library alone comes with an image or a package; without kernel module and device there is no driver.
        bus = "an NVIDIA GPU is on the PCI bus" if nvidia.hardware else "no NVIDIA GPU is on the PCI bus"
        detail = "; ".join(("no kernel module and no device file", *missing, *nvidia.refusals, bus))
        return Driver(state="absent", detail=detail, hardware=nvidia.hardware)
    if nvidia.device is None:
        missing = (*missing, "/dev/nvidiactl is missing")
    detail = "; ".join((*missing, *nvidia.refusals))
    return Driver(state="no-access", detail=detail, hardware=nvidia.hardware, **kernel)
