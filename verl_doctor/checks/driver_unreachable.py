"""An NVIDIA driver is there, but it does not answer, or this container or user may not reach it.

Three troubles look alike from Python ("No CUDA GPUs are available"): the container was started without GPU access
(`--gpus all`, a device plug-in), the driver's library in it does not match the kernel module, or the driver hangs
because a GPU has fallen off the bus.

See it: the evidence says which. Cure it: start the container with its GPUs; reload the driver or restart the node
where the versions differ or the driver hangs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.driver import Driver
from verl_doctor.model import Finding, Layer, Remedy, Severity

ID: Final = "VD201"
NAME: Final = "driver-unreachable"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.DRIVER
SIGNATURE: Final = (
    "couldn't communicate with the NVIDIA driver",
    "Driver/library version mismatch",
)


def ask(driver: Driver) -> Iterator[Finding]:
    """Yield a finding where a driver is installed and cannot be used."""
    version = f" {driver.version}" if driver.version else ""
    if driver.state == "hung":
        yield Finding(
            message=f"The NVIDIA driver{version} does not answer: {driver.detail}.",
            remedy=Remedy(
                text="Take the node out of service and restart it; the kernel log says which GPU failed.",
                commands=("dmesg | grep -i -e nvrm -e xid",),
            ),
            evidence=(driver.detail,),
            about=frozenset({"driver"}),
        )
    elif driver.state == "no-access":
        yield Finding(
            message=f"The NVIDIA driver{version} is loaded, but cannot be reached from here: {driver.detail}.",
            remedy=Remedy(
                text="Start the container with its GPUs, or ask for access to the device files.",
                commands=("ls -l /dev/nvidia*", "docker run --gpus all ..."),
            ),
            evidence=(driver.detail,),
            about=frozenset({"driver"}),
        )
