"""Every NVIDIA GPU that this process can see."""

from __future__ import annotations

from typing import Final

from verl_doctor.facts.driver import Driver
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.nvidia import Nvidia
from verl_doctor.facts.nvml import Answer, Gpu
from verl_doctor.host import Host
from verl_doctor.model import Unavailable
from verl_doctor.target import Target

DEADLINE: Final = 1.0


def collect(host: Host, target: Target, nvidia: Nvidia, driver: Driver) -> tuple[Gpu, ...]:
    """Return the GPUs; none where there is no driver. Raises MissingFactError where the driver cannot be asked."""
    del host, target
    if isinstance(nvidia.answer, Answer):
        return nvidia.answer.gpus
    if driver.state == "absent":
        return ()
    raise MissingFactError(f"the driver cannot be asked: {driver.detail}")


def kinds(gpus: tuple[Gpu, ...] | Unavailable) -> tuple[tuple[str, str], ...]:
    """Return the name and compute capability of each kind of GPU, as far as they are known."""
    if isinstance(gpus, Unavailable):
        return ()
    return tuple(sorted({(gpu.name, gpu.compute_capability) for gpu in gpus if gpu.compute_capability}))
