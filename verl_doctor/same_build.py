"""What makes an installer take the very build of a distribution that is installed."""

from __future__ import annotations

from shlex import quote

from verl_doctor.facts.packages import Distribution
from verl_doctor.refitting import FAMILY, INDEX


def same_build(key: str, distribution: Distribution) -> str:
    """Return the words of a command, an index before the requirement where another one than the default has it."""
    if distribution.url and "://" in distribution.url:
        place = f"git+{distribution.url}@{distribution.commit}" if distribution.commit else distribution.url
        return quote(f"{distribution.name} @ {place}")
    build = distribution.version.partition("+")[2]
    index = f"--index-url {INDEX}/{build} " if key in FAMILY and build else ""
    return f"{index}'{distribution.name}=={distribution.version}'"
