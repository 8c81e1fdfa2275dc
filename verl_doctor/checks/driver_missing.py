"""There is no NVIDIA driver on this machine.

Without the driver nothing can reach a GPU, whatever is installed in Python. The driver belongs to the machine, not to
the environment or the container image: a container gets it from its host through the NVIDIA container toolkit.

See it: `nvidia-smi`. Cure it: install the driver on a GPU node. In a container build, on a login node or in CI, where
no GPU is meant to be, add `--allow driver-missing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.driver import Driver
from verl_doctor.model import Finding, Layer, Remedy, Severity

ID: Final = "VD200"
NAME: Final = "driver-missing"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.DRIVER
SIGNATURE: Final = (
    "Found no NVIDIA driver on your system",
    r"libcuda\.so\.1: cannot open shared object file",
)


def ask(driver: Driver) -> Iterator[Finding]:
    """Yield a finding where no driver is installed."""
    if driver.state != "absent":
        return
    if driver.hardware:
        message = "This machine has an NVIDIA GPU but no NVIDIA driver."
        text = "Install NVIDIA's driver, 580 or newer for CUDA 13, 525 or newer for CUDA 12."
    else:
        message = "This machine has no NVIDIA driver and shows no NVIDIA GPU, so verl cannot run on it."
        text = (
            "Run the check on a GPU node; where no GPU is meant to be (a container build, CI), add "
            "--allow driver-missing."
        )
    yield Finding(
        message=message,
        remedy=Remedy(
            text=text,
            commands=("nvidia-smi",) if driver.hardware else (),
        ),
        evidence=(driver.detail,),
        about=frozenset({"driver"}),
    )
