"""Nodes have different builds of torch.

All ranks of a job exchange tensors through torch.distributed and pickled batches. Another release brings another NCCL,
which refuses to connect, and another build (CUDA, ROCm, CPU) does not compute on the same devices. Install the same
build everywhere, from the same index.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.torch import Torch
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD824"
NAME: Final = "torch-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TORCH
WHY: Final = (
    "The ranks of one job exchange tensors: another build brings another NCCL, which does not connect, and "
    "other kernels."
)
CURE: Final = "Install on the others what most nodes have."
ABSENT: Final = "not installed"
SOURCES: Final = (
    Source(kind="source", reference="NVIDIA/nccl, src/init.cc: Mismatched NCCL version detected", date="2026-11-26"),
)


def observe(torch: Torch) -> Iterator[Observed]:
    """Yield the version, and what the build computes on."""
    yield "torch", torch.version
    yield "torch's build", f"CUDA {torch.cuda}" if torch.cuda else f"ROCm {torch.hip}" if torch.hip else torch.flavour
    yield "torch's commit", torch.git_version or "not told"
