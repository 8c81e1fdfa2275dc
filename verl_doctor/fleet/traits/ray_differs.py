"""Nodes have different releases of Ray.

Ray compares the release of every process that joins a cluster with the cluster's and refuses another one: `ray start`
on that node fails, or its workers do. verl runs all of its workers through Ray. Install the same release everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.fleet.installed import releases
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD821"
NAME: Final = "ray-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TRAINER
WHY: Final = "Ray refuses a node or a worker of another release than the cluster's."
CURE: Final = "Install on the others what most nodes have."
ABSENT: Final = "not installed"
SOURCES: Final = (
    Source(kind="source", reference="ray 2.60.0, ray/_private/utils.py, check_version_info", date="2026-11-26"),
)


def observe(packages: Mapping[str, Distribution]) -> Iterator[Observed]:
    """Yield Ray's version."""
    yield from releases(packages, ("ray",))
