"""Two versions of NCCL are installed, and which one a process loads is left to chance.

The wheels for CUDA 12 and CUDA 13 write the same file, `nvidia/nccl/lib/libnccl.so.2`, so the one that was installed
last is used, also by a torch that was built for the other. A folder in LD_LIBRARY_PATH goes before torch's own. Ranks
with different versions hang at the first collective; a torch with an older NCCL than its own fails with "undefined
symbol: ncclCommWindowRegister" and its like.

See it: `NCCL_DEBUG=VERSION`, which prints the one that was loaded. Cure it: keep the one that torch requires.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.libraries import Library
from verl_doctor.facts.torch import Torch
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.target import Target

ID: Final = "VD054"
NAME: Final = "two-nccl-libraries"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.TORCH


def ask(target: Target, libraries: tuple[Library, ...], torch: Torch) -> Iterator[Finding]:
    """Yield a finding where wheels bring two NCCLs, or LD_LIBRARY_PATH another one than they do."""
    nccls = [library for library in libraries if library.name == "nccl"]
    wheels = [library for library in nccls if library.provider.startswith("nvidia-")]
    others = [library for library in nccls if library.provider == "LD_LIBRARY_PATH"]
    if torch.flavour != "cuda" or not wheels:
        return
    if len(wheels) > 1:
        major = str(torch.cuda).partition(".")[0]
        kept = next((library for library in wheels if library.cuda == major), wheels[-1])
        gone = [library.provider for library in wheels if library is not kept]
        remedy = Remedy(
            text=f"Keep {kept.provider}, and install it again: it shares its files with {', '.join(gone)}.",
            commands=(
                f"{target.installer.replace(' install', ' uninstall', 1)} {' '.join(gone)}",
                f"{target.installer} --force-reinstall --no-deps '{kept.provider}=={kept.version}'",
            ),
        )
    elif foreign := [library for library in others if not _same(library.version, wheels[0].version)]:
        wheels += foreign
        remedy = Remedy(text=f"Take the folder of {foreign[0].path} off LD_LIBRARY_PATH.")
    else:
        return
    yield Finding(
        message="Two versions of NCCL are installed: "
        + ", ".join(f"{library.version} ({library.provider})" for library in wheels)
        + ".",
        remedy=remedy,
        evidence=tuple(f"{library.provider}: {library.path}" for library in wheels),
        about=frozenset({"torch", "nccl"}),
    )


def _same(told: str, full: str) -> bool:
    """Say whether a version may be another: the number in a file's name may be its beginning only ("2" of "2.21.5")."""
    return f"{full}.".startswith(f"{told}.")
