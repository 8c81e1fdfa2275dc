"""Who has what: filled one node after another, so that no more than one node's facts are held."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from verl_doctor.facts.snapshot import Facts
from verl_doctor.fleet.trait import Trait, known
from verl_doctor.fleet.value import TOLERANCE, Among, Amount, Value, said
from verl_doctor.model import NOT_ASKED, Unavailable

_NONE: Final = (" is not installed", "there is no such package")
"""How a fact that is missing only for want of a package says so: that the package differs is told by itself."""
_OWN_NAME: Final = "<node>"
_SPEAKS_OF_ITSELF: Final = "environment-differs"
"""The kind in whose values a node's own name makes no difference."""


@dataclass(slots=True)
class _Kind:
    """What the nodes have of one kind: by thing and value; which were asked, and why some do not tell."""

    trait: Trait
    things: dict[str, dict[Value, list[int]]] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    untold: dict[str, dict[str, list[int]]] = field(default_factory=dict)


class Tally:
    """What every node has of everything that is compared. Nodes are numbers, in the order in which they are added."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.installers: dict[str, int] = {}
        self._kinds = [_Kind(trait) for trait in known()]

    def add(self, name: str, facts: Facts) -> None:
        """Add a node."""
        number = len(self.names)
        self.names.append(name)
        self.installers[facts.target.installer] = self.installers.get(facts.target.installer, 0) + 1
        own = _own_name(name, facts)
        for kind in self._kinds:
            needs = {need: getattr(facts, need) for need in kind.trait.needs}
            if missing := {need: fact.reason for need, fact in needs.items() if isinstance(fact, Unavailable)}:
                for need, reason in missing.items():
                    if reason != NOT_ASKED.reason and not reason.endswith(_NONE):
                        kind.untold.setdefault(need, {}).setdefault(reason, []).append(number)
                continue
            kind.asked.append(number)
            _observe(kind, needs, number, own if kind.trait.name == _SPEAKS_OF_ITSELF else None)

    def kinds(self) -> Iterator[tuple[Trait, str, dict[str, list[int]]]]:
        """Yield each thing that not all nodes have alike: its kind, its name, and which nodes have what of it."""
        untold: dict[str, dict[str, list[int]]] = {}
        for kind in self._kinds:
            untold |= kind.untold
            for thing, values in kind.things.items():
                shared = _worded(values)
                holders = sum(map(len, shared.values()))
                if _counts_absence(kind.trait, values) and holders < len(kind.asked):
                    having = {number for numbers in shared.values() for number in numbers}
                    rest = [number for number in kind.asked if number not in having]
                    shared.setdefault(kind.trait.absent, []).extend(rest)
                if len(shared) > 1:
                    yield kind.trait, thing, shared
        missing = next(kind.trait for kind in self._kinds if kind.trait.name == "facts-missing")
        for fact, reasons in untold.items():
            without = {number for numbers in reasons.values() for number in numbers}
            rest = [number for number in range(len(self.names)) if number not in without]
            if rest or len(reasons) > 1:
                yield missing, fact, {**({missing.absent: rest} if rest else {}), **reasons}


def _counts_absence(trait: Trait, values: Mapping[Value, list[int]]) -> bool:
    return bool(trait.absent) and not any(isinstance(value, Among) for value in values)


def _observe(kind: _Kind, needs: Mapping[str, Any], number: int, own: re.Pattern[str] | None) -> None:
    things = kind.things
    for thing, value in kind.trait.observe(**needs):
        told = own.sub(_OWN_NAME, value) if own and isinstance(value, str) else value
        values = things.setdefault(thing, {})
        if told in values:
            values[told].append(number)
        else:
            values[told] = [number]


def _own_name(name: str, facts: Facts) -> re.Pattern[str] | None:
    """Return what finds a node's name for itself in a path or an address; None where it has none with a number."""
    host = "" if isinstance(facts.node, Unavailable) else facts.node.host or ""
    names = {each for each in (host, host.partition(".")[0], name) if any(map(str.isdigit, each))}
    if not names:
        return None
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![A-Za-z0-9])")


def _worded(values: Mapping[Value, list[int]]) -> dict[str, list[int]]:
    """Return who has what in words; amounts that are almost the same are one."""
    words = {value: list(numbers) for value, numbers in values.items() if isinstance(value, str)}
    words |= {value.text: list(numbers) for value, numbers in values.items() if isinstance(value, Among)}
    amounts = sorted((value for value in values if isinstance(value, Amount)), key=lambda amount: amount.number)
    while amounts:
        alike = [amount for amount in amounts if amount.number <= amounts[0].number * TOLERANCE]
        amounts = amounts[len(alike) :]
        words[said(alike)] = sorted(number for amount in alike for number in values[amount])
    return words
