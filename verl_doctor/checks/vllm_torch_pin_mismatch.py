"""The installed torch is not the one that the installed vLLM was compiled against.

vLLM's wheels hold C++ extensions that fit one torch release only, and pin it in their metadata. When a later
`pip install` moves torch (verl, flash-attn, a newer torchvision), vLLM can no longer load `vllm/_C.abi3.so`:
`undefined symbol: _ZN5torch3jit17parseSchemaOrNameERKSsb` and its like, at the first rollout.

See it: `pip list | grep -i torch` beside vLLM's pin. Cure it: put back the torch that vLLM pins, with the
torchvision and torchaudio that belong to it; install the rest with `--no-deps` or with these pins as constraints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.checks.requirement_conflict import requirements
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.matrix.specifiers import exact, satisfies
from verl_doctor.model import Finding, Layer, Remedy, Severity, Source
from verl_doctor.target import Target

ID: Final = "VD020"
NAME: Final = "vllm-torch-pin-mismatch"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TORCH
SIGNATURE: Final = (
    r"vllm/_\w*C\S{0,80}: undefined symbol: ",
    r"vllm \S+ requires torch==",
)

TORCH_FAMILY: Final = ("torch", "torchvision", "torchaudio")


def ask(target: Target, python: Python, packages: Mapping[str, Distribution]) -> Iterator[Finding]:
    """Yield a finding where torch is installed in another version than the installed vLLM pins."""
    vllm, torch = packages.get("vllm"), packages.get("torch")
    if vllm is None or torch is None:
        return
    pins = {r.key: str(r.specifier) for r in requirements(vllm, python) if r.key in TORCH_FAMILY}
    if "torch" not in pins or satisfies(torch.version, pins["torch"]) is not False:
        return
    family = {key: pin for key, pin in pins.items() if key in packages}
    yield Finding(
        message=f"vLLM {vllm.version} was compiled for torch{pins['torch']}, but torch {torch.version} is installed; "
        "vLLM's compiled extensions cannot be loaded.",
        remedy=Remedy(
            text=f"Put back the torch that vLLM {vllm.version} was compiled for.",
            commands=(f"{target.installer} " + " ".join(f"'{key}{pin}'" for key, pin in family.items()),),
            pins=tuple((key, version) for key, pin in family.items() if (version := exact(pin))),
        ),
        evidence=(f"{vllm.metadata} requires torch{pins['torch']}", f"{torch.location}/{torch.metadata}"),
        sources=(
            Source(kind="metadata", reference=f"Requires-Dist of the installed vllm {vllm.version}"),
            Source(kind="issue", reference="verl-project/verl#2921", date="2026-11-21"),
        ),
        about=frozenset({"vllm", "torch"}),
        prevents=frozenset({"vllm"}),
    )
