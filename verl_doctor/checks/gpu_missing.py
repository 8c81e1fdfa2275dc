"""The NVIDIA driver works, but shows no GPU that can be used.

verl's workers then end with "No CUDA GPUs are available". CUDA_VISIBLE_DEVICES or NVIDIA_VISIBLE_DEVICES hides them,
the container was started without them, the scheduler granted none, or a GPU has stopped answering.

See it: `nvidia-smi -L`. Cure it: ask for GPUs when the container or the job starts; unset a variable that hides them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.driver import Driver
from verl_doctor.facts.nvml import Gpu
from verl_doctor.model import Finding, Layer, Remedy, Severity

ID: Final = "VD204"
NAME: Final = "gpu-missing"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.GPU
SIGNATURE: Final = (
    "No CUDA GPUs are available",
    "no CUDA-capable device is detected",
    "is only supported with GPUs, no GPUs found",
)

HIDING: Final = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")


def ask(driver: Driver, gpus: tuple[Gpu, ...], env: Mapping[str, str]) -> Iterator[Finding]:
    """Yield a finding where a working driver shows no GPU, or none that answers."""
    if driver.state != "working" or any(gpu.memory_total or gpu.compute_capability for gpu in gpus):
        return
    shows = f"only GPUs that do not answer ({len(gpus)})" if gpus else "no GPU"
    yield Finding(
        message=f"The NVIDIA driver works but shows {shows}, so verl cannot run here.",
        remedy=Remedy(
            text="Start the container or the job with its GPUs, and unset variables that hide them.",
            commands=("nvidia-smi -L",),
        ),
        evidence=(driver.detail, *(f"{name}={env[name]}" for name in HIDING if name in env)),
        about=frozenset({"gpu"}),
    )
