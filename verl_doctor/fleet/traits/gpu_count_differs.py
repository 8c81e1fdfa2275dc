"""Nodes have different numbers of GPUs.

verl asks Ray for `trainer.n_gpus_per_node` GPUs on one and the same node, for each of `trainer.nnodes` nodes. It only
compares the sums first: where one node has fewer and another more, that passes, and the placement group is waited for
without an end. Repair or leave out the node, or lower `trainer.n_gpus_per_node`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from verl_doctor.facts.nvml import Gpu
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD828"
NAME: Final = "gpu-count-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.GPU
WHY: Final = "verl takes trainer.n_gpus_per_node GPUs on every node; for a node that has fewer it waits without an end."
CURE: Final = "Repair the others or leave them out, or set trainer.n_gpus_per_node to the smallest number."
ABSENT: Final = "none"
SOURCES: Final = (
    Source(
        kind="source",
        reference="verl 0.7.1, verl/single_controller/ray/base.py, RayResourcePool.get_placement_groups",
        date="2026-11-26",
    ),
)


def observe(gpus: Sequence[Gpu]) -> Iterator[Observed]:
    """Yield how many GPUs there are."""
    yield "GPUs", str(len(gpus))
