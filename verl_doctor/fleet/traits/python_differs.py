"""Nodes have different Pythons.

Ray compares the version of Python of every process that joins a cluster, to the last digit, and refuses one that is
not the cluster's. Where it lets one in (RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL=minor), functions and batches that are
pickled on one node may not load on another. Make the environments with the same interpreter, or give all nodes the
same image.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor.facts.python import Python
from verl_doctor.fleet.value import Among, Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD820"
NAME: Final = "python-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INTERPRETER
WHY: Final = "Ray refuses a process whose Python is not the cluster's, to the last digit of its version."
CURE: Final = "Make the environment of the others anew with the Python that most nodes have."
ABSENT: Final = "none"
SOURCES: Final = (
    Source(kind="source", reference="ray 2.60.0, ray/_private/utils.py, check_version_info", date="2026-11-26"),
)


def observe(python: Python) -> Iterator[Observed]:
    """Yield the version as far as it is known, and the processor that it is for."""
    minor = ".".join(python.version.split(".")[:2])
    yield "Python", minor
    if minor != python.version:
        yield f"Python {minor}", Among(python.version)
    yield "processor", python.machine
