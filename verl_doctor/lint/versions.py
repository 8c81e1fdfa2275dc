"""Which published release of a distribution a launch meets."""

from __future__ import annotations

from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Unavailable


def released(facts: Facts, distribution: str) -> str | None:
    """Return the version of a distribution; None where it is not known, or is a checkout that may be anything."""
    if isinstance(facts.packages, Unavailable):
        return None
    found = facts.packages.get(distribution)
    if found is None or found.editable or found.commit or found.broken:
        return None
    return found.version
