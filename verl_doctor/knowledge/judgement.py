"""Whether a condition holds on facts: it does, it does not, or that is unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from verl_doctor.facts.snapshot import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found: in a few words, with the place that shows it, and the distribution it is about."""

    what: str
    where: str
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Holds:
    """The condition holds; what was seen shows it."""

    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class HoldsNot:
    """The condition does not hold."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The condition cannot be judged."""

    reason: str


Judgement = Holds | HoldsNot | Unknown
Test = Callable[[Facts], Judgement]
NOT: Final = HoldsNot()


@dataclass(frozen=True, slots=True)
class Condition:
    """Tests that must all hold, and the mapping that states them."""

    tests: tuple[Test, ...] = field(repr=False)
    stated: Mapping[str, Any] = field(default_factory=dict)

    def judge(self, facts: Facts) -> Judgement:
        """Judge the tests; one that does not hold settles it, whatever is unknown."""
        seen: list[Seen] = []
        unknown: Unknown | None = None
        for test in self.tests:
            match test(facts):
                case HoldsNot():
                    return NOT
                case Unknown() as judgement:
                    unknown = unknown or judgement
                case Holds(found):
                    seen.extend(found)
        return unknown or Holds(tuple(seen))


def judge_any(conditions: Sequence[Condition], facts: Facts) -> Judgement:
    """Judge alternatives: one that holds settles it, whatever is unknown."""
    unknown: Unknown | None = None
    for condition in conditions:
        match condition.judge(facts):
            case Holds() as judgement:
                return judgement
            case Unknown() as judgement:
                unknown = unknown or judgement
            case HoldsNot():
                pass
    return unknown or NOT
