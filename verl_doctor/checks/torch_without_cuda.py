"""The installed torch is not a CUDA build.

A CPU (or ROCm) build of torch imports without complaint and then sees no NVIDIA GPU. It gets in when a `pip install`
with another index replaces torch, or on a machine whose image was made for CPUs.

See it: `python -c "import torch; print(torch.version.cuda)"` prints None. Cure it: install the CUDA build of the
release that vLLM pins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.torch import Torch
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.reinstall import torch_again
from verl_doctor.target import Target

ID: Final = "VD024"
NAME: Final = "torch-without-cuda"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TORCH
SIGNATURE: Final = ("Torch not compiled with CUDA enabled",)


def ask(target: Target, packages: Mapping[str, Distribution], torch: Torch) -> Iterator[Finding]:
    """Yield a finding where torch computes on something else than CUDA."""
    if torch.flavour == "cuda":
        return
    if "vllm-ascend" in packages or torch.flavour == "rocm":
        return  # verl runs on these too; this check is about NVIDIA nodes
    release = torch.version.partition("+")[0]
    yield Finding(
        message=f"torch {torch.version} is a {torch.flavour.upper()} build: it cannot use an NVIDIA GPU.",
        remedy=Remedy(
            text=f"Install the CUDA build of torch {release}.",
            commands=(torch_again(target, packages, release),),
            pins=(("torch", release),),
        ),
        evidence=(f"{torch.location}/version.py: version {torch.version}, cuda None",),
        about=frozenset({"torch"}),
    )
