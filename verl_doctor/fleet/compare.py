"""From what every node has to what differs, what matters most first."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from verl_doctor.fleet.names import fold
from verl_doctor.fleet.tally import Tally
from verl_doctor.fleet.trait import Trait
from verl_doctor.model import Remedy, Severity, Source

_INSTALLED: Final = "not installed"
_NO_REQUIREMENT: Final = frozenset(" +(")
"""What a release has in it that no index offers by name and version alone."""

_UNDECIDED: Final = Remedy(text="No value is that of most nodes: decide for one, and give it to all.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Some nodes that have the same."""

    value: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that nodes have differently: who has what, the most common first.

    `has_majority` says whether the first is what more than half of the nodes have, so that the others are the odd ones.
    """

    id: str
    name: str
    severity: Severity
    thing: str
    shares: tuple[Share, ...]
    has_majority: bool
    why: str
    remedy: Remedy
    sources: tuple[Source, ...]

    @property
    def odd(self) -> tuple[str, ...]:
        """The nodes that are unlike most; all where there is no majority."""
        return tuple(name for share in self.shares[self.has_majority :] for name in share.nodes)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All nodes that were compared, and their differences; `unreadable` says of which file why it could not be.

    `allowed` are the differences that someone decided to live with: they are told, and do not count.
    """

    nodes: tuple[str, ...]
    differences: tuple[Difference, ...]
    unreadable: Mapping[str, str]
    notes: tuple[str, ...] = ()
    allowed: tuple[Difference, ...] = ()

    def fails(self, threshold: Severity) -> bool:
        """Say whether there is a difference of at least this severity."""
        return any(difference.severity.rank <= threshold.rank for difference in self.differences)

    def allowing(self, names: Collection[str]) -> Comparison:
        """Return the comparison where some may differ: kinds of differences by name or id."""
        allowed = tuple(each for each in self.differences if {each.name, each.id} & set(names))
        kept = tuple(each for each in self.differences if each not in allowed)
        return replace(self, differences=kept, allowed=(*self.allowed, *allowed))

    @cached_property
    def odd(self) -> tuple[tuple[tuple[str, ...], int, int], ...]:
        """The nodes that are unlike most, with the number of their differences and of the errors among them.

        Nodes of equal numbers are together; those with the most errors are first.
        """
        found: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        for difference in self.differences:
            if difference.has_majority:
                found.update(difference.odd)
                errors.update(difference.odd if difference.severity is Severity.ERROR else ())
        groups: dict[tuple[int, int], list[str]] = {}
        for name in self.nodes:
            if found[name]:
                groups.setdefault((errors[name], found[name]), []).append(name)
        return tuple((tuple(names), many, bad) for (bad, many), names in sorted(groups.items(), reverse=True))


def compare(tally: Tally, unreadable: Mapping[str, str] | None = None, notes: Iterable[str] = ()) -> Comparison:
    """Return what differs between the nodes of a tally."""
    found = [_difference(tally, trait, thing, shared) for trait, thing, shared in tally.kinds()]
    found.sort(key=lambda each: (each.severity.rank, each.id, -len(each.odd) if each.has_majority else 0, each.thing))
    return Comparison(
        nodes=tuple(tally.names), differences=tuple(found), unreadable=dict(unreadable or {}), notes=tuple(notes)
    )


def _difference(tally: Tally, trait: Trait, thing: str, shared: Mapping[str, list[int]]) -> Difference:
    ordered = sorted(shared.items(), key=lambda item: (-len(item[1]), item[0]))
    shares = tuple(Share(value=value, nodes=tuple(tally.names[n] for n in sorted(ns))) for value, ns in ordered)
    has_majority = 2 * len(shares[0].nodes) > sum(len(share.nodes) for share in shares)
    odd = [name for share in shares[1:] for name in share.nodes]
    return Difference(
        id=trait.id,
        name=trait.name,
        severity=trait.severity,
        thing=thing,
        shares=shares,
        has_majority=has_majority,
        why=trait.why,
        remedy=_remedy(trait, thing, shares[0].value, odd, tally) if has_majority else _UNDECIDED,
        sources=trait.sources,
    )


def _remedy(trait: Trait, thing: str, value: str, odd: Iterable[str], tally: Tally) -> Remedy:
    """Return how the odd nodes get what most have; the commands are for these nodes."""
    where = fold(odd)
    if trait.absent == _INSTALLED == value:
        return Remedy(text=f"Only {where} has it: install it on all, or remove it there.")
    text = f"{trait.cure} The others are {where}."
    if thing.startswith("patch ") and value == "applied":
        return Remedy(text=text, commands=(f"verl-doctor patch --apply {thing.removeprefix('patch ')}",))
    if trait.absent == _INSTALLED and " " not in thing and _NO_REQUIREMENT.isdisjoint(value):
        installer = max(sorted(tally.installers), key=tally.installers.__getitem__)
        return Remedy(text=text, commands=(f"{installer} {shlex.quote(f'{thing}=={value}')}",))
    return Remedy(text=text)
