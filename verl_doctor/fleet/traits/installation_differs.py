"""The same versions are installed, but not with the same files.

Files of vLLM, verl or tensordict that were edited by hand, that are gone or cut short, another build of the same
version, or a library that compiled extensions do not find: one node behaves unlike the others although all versions
agree. Reinstall on the others; what should stay as an edit belongs into a patch, which `verl-doctor patch` keeps the
same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.contents import Contents
from verl_doctor.facts.packages import Distribution
from verl_doctor.fleet.value import Among, Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD830"
NAME: Final = "installation-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INSTALLATION
WHY: Final = (
    "Versions agree, files do not: what fails or computes otherwise on one node is not found by comparing versions."
)
CURE: Final = "Reinstall on the others; an edit that is wanted belongs into a patch."
ABSENT: Final = "as in its RECORD"
SOURCES: Final[tuple[Source, ...]] = ()


def observe(contents: Mapping[str, Contents], packages: Mapping[str, Distribution]) -> Iterator[Observed]:
    """Yield the digest of the files of each release, and of each file that is not as RECORD has it."""
    for name, each in contents.items():
        if each.digest and name in packages:
            yield f"files of {name} {packages[name].version}", Among(f"sha256 {each.digest[:12]}")
        yield from ((f"{name}: {file}", f"edited, sha256 {d[:12]}" if d else "gone") for file, d in each.other.items())
