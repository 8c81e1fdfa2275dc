"""Libraries of two CUDA majors are installed.

Wheels of NVIDIA for CUDA 12 and for CUDA 13 can lie side by side, and each package takes its own. That wastes
gigabytes, and a package that takes the first library it finds may get the wrong one. Mostly an exchanged torch left
them behind.

See it: `pip list | grep -i nvidia`. Cure it: uninstall those that the installed torch does not use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.libraries import Library
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.torch import Torch
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.target import Target

ID: Final = "VD053"
NAME: Final = "two-cuda-majors"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.TORCH


def ask(
    target: Target, packages: Mapping[str, Distribution], libraries: tuple[Library, ...], torch: Torch
) -> Iterator[Finding]:
    """Yield a finding where the packages bring CUDA runtimes of two majors."""
    runtimes = {_major(lib): lib for lib in libraries if lib.name == "cudart" and lib.provider in packages}
    if len(runtimes) < 2 or torch.cuda is None:  # noqa: PLR2004 - two is in the name
        return
    kept = torch.cuda.partition(".")[0]
    idle = sorted(
        library.provider
        for library in libraries
        if library.provider in packages and library.cuda in runtimes.keys() - {kept}
    )
    yield Finding(
        message=f"CUDA runtimes of {' and '.join(sorted(runtimes))} are installed; torch {torch.version} uses {kept}.",
        remedy=Remedy(
            text=f"Uninstall those that torch does not use, unless another package needs them: {', '.join(idle)}.",
            commands=(f"{target.installer.replace(' install', ' uninstall', 1)} {' '.join(idle)}",) if idle else (),
        ),
        evidence=tuple(f"{library.provider} {library.version}" for _, library in sorted(runtimes.items())),
        about=frozenset({"torch", *(library.provider for library in runtimes.values())}),
    )


def _major(library: Library) -> str:
    return library.cuda or library.version.partition(".")[0]
