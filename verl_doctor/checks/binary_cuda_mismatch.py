"""A compiled extension was built for another CUDA than the installed torch.

An extension for CUDA 12 beside a torch for CUDA 13 either does not find `libcudart.so.12`, or loads a second CUDA
runtime into the process, which knows nothing of torch's streams and memory. An extension for CUDA beside a CPU build of
torch (torchvision from the default index beside torch from the CPU index) cannot be loaded: "operator torchvision::nms
does not exist".

See it: `python -c "import torch; print(torch.version.cuda)"` beside the library that the finding names. Cure it: both
from the same index, for the same CUDA.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.alternatives import differs, judged
from verl_doctor.facts.binaries import Extension, Linked
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Finding, Layer, Severity
from verl_doctor.refitting import Refitting
from verl_doctor.target import Target

ID: Final = "VD052"
NAME: Final = "binary-cuda-mismatch"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TORCH


def ask(
    target: Target,
    python: Python,
    packages: Mapping[str, Distribution],
    binaries: Mapping[str, Linked],
    torch: Torch,
    matrix: Matrix,
) -> Iterator[Finding]:
    """Yield a finding for each distribution with an extension for another CUDA than torch's."""
    refitting = Refitting(
        target=target, python=python, packages=packages, binaries=binaries, torch=torch, matrix=matrix
    )
    for key, extensions in judged(binaries, torch):
        other = {path: extension for path, extension in extensions.items() if differs(extension, torch)}
        if other and key != "torch":
            first = next(iter(other.values()))
            built = f"CUDA {first.cuda}" if first.cuda else "CUDA"
            here = "is a CPU build" if torch.flavour == "cpu" else f"is for CUDA {torch.cuda}"
            yield Finding(
                message=f"{refitting.described(key)} was built for {built}, but torch {torch.version} {here}.",
                remedy=refitting.remedy(key),
                evidence=tuple(_seen(path, extension) for path, extension in other.items()),
                about=frozenset({key, "torch"}),
            )


def _seen(path: str, extension: Extension) -> str:
    return f"{path} is linked against " + (f"CUDA {extension.cuda}" if extension.cuda else "torch's CUDA libraries")
