"""Nodes grant different shared memory, memory, processors or limits.

vLLM and NCCL exchange data through /dev/shm, Ray keeps its objects there, and each of the many processes of a job opens
files: the node with the least of any fails first, with an error that the others never show. Memory within a tenth
counts as the same. Set limits alike: `--shm-size` and `--ulimit` of containers, LimitNOFILE and LimitMEMLOCK of the
service that starts Ray.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.limits import Limits
from verl_doctor.fleet.value import Amount, Observed
from verl_doctor.host import Limit
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD836"
NAME: Final = "limits-differ"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.NODE
WHY: Final = "The node with the least fails first, with an error that the others never show."
CURE: Final = "Give the others what most nodes have."
ABSENT: Final = "not told"
SOURCES: Final[tuple[Source, ...]] = ()


def observe(limits: Limits) -> Iterator[Observed]:
    """Yield what is granted."""
    amounts = {
        "/dev/shm": limits.shm.total if limits.shm else None,  # noqa: S108 - only named
        "memory": limits.memory_total,
        "memory of the control group": limits.cgroup_memory,
    }
    yield from ((name, Amount(number)) for name, number in amounts.items() if number is not None)
    yield "processors", str(limits.cpus)
    yield "open files", _words(limits.open_files)
    yield "processes of a user", "no limit" if limits.processes.soft is None else "limited"  # the number follows memory
    yield "locked memory", _words(limits.locked_memory)


def _words(limit: Limit) -> str:
    return "no limit" if limit.soft is None else str(limit.soft)
