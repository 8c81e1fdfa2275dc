"""Nodes have different releases or commits of verl.

verl's driver pickles its classes and batches and sends them to workers on all nodes, which load them with the verl that
is installed there. Another release has other fields and methods: a worker fails far from the cause, or computes
something else. Of an editable install the commit counts, and whether it is one. Bring all nodes to one release or
commit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.fleet.installed import releases
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD822"
NAME: Final = "verl-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TRAINER
WHY: Final = (
    "Workers load what the driver pickled with the verl of their own node; another release has other fields "
    "and methods."
)
CURE: Final = "Install on the others what most nodes have."
ABSENT: Final = "not installed"
SOURCES: Final = (
    Source(
        kind="source",
        reference="verl 0.7.1, verl/protocol.py, DataProto.__getstate__ and __setstate__",
        date="2026-11-26",
    ),
)


def observe(packages: Mapping[str, Distribution]) -> Iterator[Observed]:
    """Yield verl's version, and the commit of a checkout."""
    yield from releases(packages, ("verl",))
