"""Nodes have different releases of other packages.

What verl, vLLM and torch depend on in turn: flash-attn, numpy, triton and some three hundred more. Most differences
are harmless, and a few are the reason why one node fails. They are listed after all else. Install from one lock file or
image.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.fleet.installed import OWN_TRAIT, releases
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD839"
NAME: Final = "packages-differ"
SEVERITY: Final = Severity.WARNING
LAYER: Final = Layer.COMPANION
WHY: Final = "Most are harmless; one can be why a single node fails."
CURE: Final = "Install on the others what most nodes have."
ABSENT: Final = "not installed"
SOURCES: Final[tuple[Source, ...]] = ()


def observe(packages: Mapping[str, Distribution]) -> Iterator[Observed]:
    """Yield the version of every package that no other kind of difference is about."""
    yield from releases(packages, [name for name in packages if name not in OWN_TRAIT])
