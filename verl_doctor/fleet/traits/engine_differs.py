"""Nodes have different releases of vLLM or SGLang.

verl starts one engine on every node's GPUs and takes their answers for those of one policy. Another release has other
kernels, other defaults and other arguments: an engine that spans nodes does not start, or the log-probabilities of a
part of the batch are off, which looks like a training that does not converge. Install the same release everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.fleet.installed import releases
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD823"
NAME: Final = "engine-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.ENGINE
WHY: Final = (
    "The rollouts of one batch come from different engines: one that spans nodes fails, else part of the "
    "log-probabilities are off."
)
CURE: Final = "Install on the others what most nodes have."
ABSENT: Final = "not installed"
SOURCES: Final[tuple[Source, ...]] = ()


def observe(packages: Mapping[str, Distribution]) -> Iterator[Observed]:
    """Yield the version of each engine, and the commit of a checkout."""
    yield from releases(packages, ("vllm", "sglang"))
