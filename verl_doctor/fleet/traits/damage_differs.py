"""Installed files are gone or cut short on some nodes.

A full disk, an interrupted copy of an image or an uninstall took files of one node's environment that others still
have. What needs them fails there only. Reinstall the distribution on those nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.facts.damage import Damage
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source

ID: Final = "VD831"
NAME: Final = "damage-differs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INSTALLATION
WHY: Final = "What needs these files fails on the nodes that lost them only."
CURE: Final = "Reinstall the distribution on the others."
ABSENT: Final = "whole"
SOURCES: Final[tuple[Source, ...]] = ()


def observe(damage: Mapping[str, Damage]) -> Iterator[Observed]:
    """Yield what is damaged of each distribution."""
    for name, each in damage.items():
        gone, short = len(each.gone), len(each.cut_short)
        first = (*each.gone, *each.cut_short)[0]
        yield f"files of {name}", f"{gone} gone, {short} cut short, such as {first}"
