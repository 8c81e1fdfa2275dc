"""What is known of some nodes is not known of others.

A fact could not be collected there: the driver did not answer, a file system is slow, a folder may not be read, or the
facts were written by an older verl-doctor. Whether these nodes differ in it is not known, and unknown is not the same.
The reason says what to look at; collect the facts of these nodes again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD826"
NAME: Final = "facts-missing"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.NODE
WHY: Final = "Whether these nodes differ from the others in it is not known."
CURE: Final = "Look at the reason, then collect the facts of these nodes again."
ABSENT: Final = "known"
SOURCES: Final[tuple[Source, ...]] = ()


def observe() -> Iterable[Observed]:
    """Return nothing: what is missing shows when the other kinds ask for it."""
    return ()
