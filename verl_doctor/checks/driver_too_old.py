"""The NVIDIA driver is too old for the CUDA that torch was built with.

Within one CUDA major release any driver of that generation will do (minor-version compatibility): a build for CUDA
12.8 runs on every driver from 525.60.13 on. A build for the next major release does not: CUDA 13 needs 580.65.06 or
newer. On such a node torch says "The NVIDIA driver on your system is too old" and sees no GPU.

See it: `nvidia-smi` beside `torch.version.cuda`. Cure it, the mildest first: the same release built for an older CUDA,
a stack whose torch is built for it, a newer driver.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.driver import Driver
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Finding, Layer, Remedy, Severity, UnknownError
from verl_doctor.remedies import install
from verl_doctor.target import Target

ID: Final = "VD202"
NAME: Final = "driver-too-old"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.DRIVER
SIGNATURE: Final = (
    "The NVIDIA driver on your system is too old",
    "CUDA driver version is insufficient for CUDA runtime version",
    "the provided PTX was compiled with an unsupported toolchain",
)


def ask(
    target: Target,
    packages: Mapping[str, Distribution],
    torch: Torch,
    driver: Driver,
    matrix: Matrix,
    driver_stack: Stack | None,
) -> Iterator[Finding]:
    """Yield a finding where the driver supports neither torch's CUDA nor its major release."""
    if torch.flavour != "cuda" or driver.state == "absent":
        return
    if torch.cuda is None:
        raise UnknownError(f"for which CUDA torch {torch.version} was built is not known")
    if driver.version is None:
        raise UnknownError(f"the driver's version is not known: {driver.detail}")
    if driver.cuda and satisfies(driver.cuda, f">={torch.cuda}"):
        return
    minimum = matrix.driver_minimum(torch.cuda)
    if minimum is None:
        raise UnknownError(f"which driver CUDA {torch.cuda} needs is not known")
    match satisfies(driver.version, f">={minimum.driver}"):
        case True:
            return
        case None:
            raise UnknownError(f"driver {driver.version} cannot be compared with {minimum.driver}")
        case False:
            pass
    upgrade = f"install driver {minimum.driver} or newer on the node"
    supports = f" (CUDA {driver.cuda})" if driver.cuda else ""
    yield Finding(
        message=f"torch {torch.version} is built for CUDA {torch.cuda}, which needs driver {minimum.driver} or newer; "
        f"this node has {driver.version}{supports}.",
        remedy=install(
            target,
            driver_stack,
            [name for name in driver_stack.pins if name in packages],
            f"Install a stack that this driver can run; or {upgrade}",
        )
        if driver_stack
        else Remedy(text=f"{upgrade[0].upper()}{upgrade[1:]}.", commands=("nvidia-smi",)),
        evidence=(f"{torch.location}/version.py: cuda {torch.cuda}", driver.detail),
        sources=minimum.sources,
        about=frozenset({"driver", "torch"}),
    )
