"""The kinds of differences between nodes: each declared by a module of `traits`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from inspect import signature

from verl_doctor.fleet import traits
from verl_doctor.fleet.value import Observed
from verl_doctor.model import Layer, Severity, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Trait:
    """A kind of difference: what it is called, how much it matters and why, and how to see what a node has.

    `why` says what the difference does to training, `cure` what to do where most nodes agree. `absent` is what a node
    has of a thing that only others have; where it is empty, only those that have the thing are compared. `needs` are
    the facts that `observe` takes, `document` is the module's own text.
    """

    id: str
    name: str
    severity: Severity
    layer: Layer
    document: str
    why: str
    cure: str
    absent: str
    sources: tuple[Source, ...]
    needs: tuple[str, ...]
    observe: Callable[..., Iterable[Observed]]


@cache
def known() -> tuple[Trait, ...]:
    """Return every kind by id: what matters most is first."""
    modules = (importlib.import_module(f"{traits.__name__}.{m.name}") for m in pkgutil.iter_modules(traits.__path__))
    found = (
        Trait(
            id=module.ID,
            name=module.NAME,
            severity=module.SEVERITY,
            layer=module.LAYER,
            document=(module.__doc__ or "").strip(),
            why=module.WHY,
            cure=module.CURE,
            absent=module.ABSENT,
            sources=module.SOURCES,
            needs=tuple(signature(module.observe).parameters),
            observe=module.observe,
        )
        for module in modules
    )
    return tuple(sorted(found, key=lambda trait: trait.id))
