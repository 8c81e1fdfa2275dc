"""What can be imported on some nodes cannot on others.

Seen only where the facts were collected with `--deep`. The same files can fail to load on one node, for want of a
system library, of memory or of a driver. The error says what; `verl-doctor check --deep` on that node says more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.imports import Import
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD832"
NAME: Final = "import-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INSTALLATION
WHY: Final = "The job fails on the nodes where the import does."
CURE: Final = "Run `verl-doctor check --deep` on the others."
ABSENT: Final = "not there"
SOURCES: Final[tuple[Source, ...]] = ()


def observe(imports: Mapping[str, Import]) -> Iterator[Observed]:
    """Yield how each import went."""
    for name, seen in imports.items():
        yield f"import of {name}", seen.outcome + (f": {seen.cause or seen.error}" if seen.error else "")
