"""The patches of a team's own, installed beside verl-doctor, that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEADLINE: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A patch that cannot be used: where it comes from, and why."""

    origin: str
    reason: str


def collect() -> tuple[Broken, ...]:
    """Return the patches that an entry point names and that cannot be used."""
    from verl_doctor.patching import catalogue

    return catalogue.everything().broken
