"""Nodes have different releases of tensordict or transformers.

verl sends each batch from node to node as a pickled TensorDict, in the layout of the release that made it; another
release reads it wrongly or not at all. Each rank builds the model with its own transformers: where the releases differ,
names of weights, attention and defaults of the configuration can, and gathering parameters that do not match fails or
hangs. Install the same releases everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.fleet.installed import releases
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD825"
NAME: Final = "trainer-libraries-differ"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TRAINER
WHY: Final = (
    "Batches travel as TensorDicts pickled by one release, and each rank builds the model with its own transformers."
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
    """Yield the versions of both."""
    yield from releases(packages, ("tensordict", "transformers"))
