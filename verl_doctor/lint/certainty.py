"""How sure a finding is where a launch may take more settings from where nobody can look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Fault


def graded(find: Callable[[Launch], Iterator[Fault]], launch: Launch) -> Iterator[Fault]:
    """Yield what is certain; else what is wrong in the launch as it stands, one step milder."""
    certain = tuple(find(launch))
    yield from certain
    if launch.open and not certain:
        for fault in find(replace(launch, open=False)):
            message = f"{fault.message} This counts defaults that may be set from elsewhere."
            yield replace(fault, severity=fault.severity.milder, message=message)
