"""Nodes have different NVIDIA drivers.

A driver decides which CUDA a node can run; one that is older than the others may be too old for the torch that all
nodes have. Where it is new enough everywhere, nodes can still differ in speed and in bugs that only some of them have.
Bring all nodes to the same driver before looking for the reason of a failure on one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.driver import Driver
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD834"
NAME: Final = "driver-differs"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.DRIVER
WHY: Final = "The oldest driver decides which CUDA the job can use, and a driver's bugs show on some nodes only."
CURE: Final = "Bring the others to the driver that most nodes have."
ABSENT: Final = "none"
SOURCES: Final[tuple[Source, ...]] = ()


def observe(driver: Driver) -> Iterator[Observed]:
    """Yield the driver's version, whether it works, and the newest CUDA that it supports."""
    yield "driver", driver.version or driver.state
    yield "driver's state", driver.state
    yield "CUDA of the driver", driver.cuda or "not told"
