"""A compiled extension finds all its symbols, but its release was built for another torch.

The names of functions fit; whether the classes behind them are laid out as the extension expects, no file tells. Some
of these pairs run. Others end the process when they are loaded, without a Python error: torchvision 0.23 (for torch
2.8) beside torch 2.9 dies with a segmentation fault.

See it: `python -c "import torchvision"`, or the package that the finding names. Cure it: the release of the package
that was built for the installed torch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.alternatives import judged
from verl_doctor.facts.binaries import Linked
from verl_doctor.facts.packages import NAMED, Distribution
from verl_doctor.facts.python import Python
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Finding, Layer, Severity, Source
from verl_doctor.refitting import Refitting
from verl_doctor.target import Target

ID: Final = "VD055"
NAME: Final = "binary-for-another-torch"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.TORCH
SIGNATURE: Final = (r"operator torchvision::\w+ does not exist",)


def ask(
    target: Target,
    python: Python,
    packages: Mapping[str, Distribution],
    binaries: Mapping[str, Linked],
    torch: Torch,
    matrix: Matrix,
) -> Iterator[Finding]:
    """Yield a finding for each distribution that only its requirement says not to fit; vLLM has a check of its own."""
    refitting = Refitting(
        target=target, python=python, packages=packages, binaries=binaries, torch=torch, matrix=matrix
    )
    for key, extensions in judged(binaries, torch):
        fits = extensions and not any(extension.missing for extension in extensions.values())
        if fits and key not in NAMED and not refitting.fits_by_version(key):
            yield Finding(
                message=f"{refitting.described(key)} was built for torch{refitting.built_for(key)}, but torch "
                f"{torch.version} is installed; its extensions find all their symbols, which proves no more than that.",
                remedy=refitting.remedy(key),
                evidence=tuple(extensions),
                sources=(Source(kind="metadata", reference=f"Requires-Dist of the installed {key}"),),
                about=frozenset({key, "torch"}),
            )
