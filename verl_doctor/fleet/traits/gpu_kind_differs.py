"""Nodes have different GPUs.

verl gives all GPUs the same share of each batch, so the slowest sets the pace. The smallest memory decides whether a
configuration fits: settings that were found on a larger GPU run out of memory on a smaller one. A GPU in MIG mode shows
only a part of itself, and NCCL does not connect such parts. Use nodes of one kind, or set memory for the smallest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from verl_doctor.facts.nvml import Gpu
from verl_doctor.fleet.value import Amount, Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD833"
NAME: Final = "gpu-kind-differs"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.GPU
WHY: Final = "The slowest GPU sets the pace of every step, and the smallest memory decides what fits."
CURE: Final = "Use nodes of one kind, or choose batch sizes and gpu_memory_utilization for the smallest."
ABSENT: Final = ""
SOURCES: Final[tuple[Source, ...]] = ()


def observe(gpus: Sequence[Gpu]) -> Iterator[Observed]:
    """Yield the kinds of GPUs, whatever their number, their least memory, and how they are set."""
    if not gpus:
        return
    yield "GPU", " and ".join(sorted(Counter(gpu.name for gpu in gpus)))
    if memory := [gpu.memory_total for gpu in gpus if gpu.memory_total]:
        yield "memory of a GPU", Amount(min(memory))
    for what, states in (("MIG", {gpu.mig for gpu in gpus}), ("ECC", {gpu.ecc for gpu in gpus})):
        yield what, " and ".join(sorted({True: "on", False: "off", None: "not told"}[state] for state in states))
    yield "NVLinks of a GPU", " and ".join(sorted({str(gpu.nvlinks) for gpu in gpus}))
