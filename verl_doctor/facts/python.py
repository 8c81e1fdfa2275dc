"""The target's Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from verl_doctor.facts.missing import MissingFactError
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """An interpreter: its version as far as the files tell, where it is, and the processor it is for."""

    version: str
    executable: str | None
    prefix: str
    kind: str
    machine: str


def collect(host: Host, target: Target) -> Python:
    """Return the target's Python. Raises MissingFactError where no file tells its version."""
    if target.version is None:
        raise MissingFactError(f"no file below {target.prefix} tells which Python it is for")
    return Python(
        version=target.version,
        executable=target.python,
        prefix=target.prefix,
        kind=target.kind,
        machine=host.machine,
    )
