"""Nodes have different NCCL libraries.

NCCL compares the versions of all ranks when they connect and fails with "Mismatched NCCL version detected". A
library in a folder of LD_LIBRARY_PATH is found before the one that torch brings, so one node's image or module can
change it without any package being different. Install the same release, and take others out of LD_LIBRARY_PATH.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from verl_doctor.facts.libraries import Library
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD827"
NAME: Final = "nccl-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.TORCH
WHY: Final = "NCCL fails with 'Mismatched NCCL version detected' when ranks of different versions connect."
CURE: Final = "Give the others the NCCL that most nodes have; a library in LD_LIBRARY_PATH is found before torch's."
ABSENT: Final = "none"
SOURCES: Final = (
    Source(kind="source", reference="NVIDIA/nccl, src/init.cc: Mismatched NCCL version detected", date="2026-11-26"),
)


def observe(libraries: Iterable[Library]) -> Iterator[Observed]:
    """Yield the version that each provider has."""
    yield from ((f"NCCL of {each.provider}", each.version) for each in libraries if each.name == "nccl")
