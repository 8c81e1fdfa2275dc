"""A setting brings about a failure that verl-doctor knows.

Such a finding carries the id, the name and the severity of that failure, and `explain` tells about it under its own
name: the same entry says what `check` asks of the environment, what `diagnose` looks for in a log, and which settings
`lint` finds. Where the versions that decide are not known, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor import knowledge
from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint import cases, environment
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Fault
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Severity

ID: Final = "VD639"
NAME: Final = "known-failure"
SEVERITY: Final = Severity.WARNING


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield what settings and variables bring about."""
    for failure in knowledge.load():
        yield from environment.faults(failure, launch, facts, matrix)
        yield from cases.faults(failure, launch, facts, matrix)
