"""The folders that models, caches and Ray fill differ between nodes.

A node whose cache lies on another or a smaller file system, or cannot be written to, fails late: while it downloads a
model, compiles kernels or spills objects. Sizes within a tenth count as the same. Set HF_HOME, VLLM_CACHE_ROOT and
RAY_TMPDIR alike, to folders with room on every node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from verl_doctor.facts.disks import Disk
from verl_doctor.fleet.value import Amount, Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD837"
NAME: Final = "disks-differ"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.NODE
WHY: Final = "The node with the smaller or read-only folder fails late, while it downloads, compiles or spills objects."
CURE: Final = "Give the others a folder like that of most nodes."
ABSENT: Final = "not there"
SOURCES: Final[tuple[Source, ...]] = ()


def observe(disks: Iterable[Disk]) -> Iterator[Observed]:
    """Yield the size of each folder's file system, and whether it can be written to."""
    for disk in disks:
        yield disk.purpose, Amount(disk.total)
        yield f"{disk.purpose}, access", "writable" if disk.writable else "read-only"
