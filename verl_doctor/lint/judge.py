"""Asks every rule about every launch of a file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from verl_doctor.errors import one_line
from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint import rules
from verl_doctor.lint.document import Document, Launch, Setting, Span
from verl_doctor.lint.fault import Fault
from verl_doctor.lint.places import line_of
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Severity, UnknownError

Ask = Callable[[Launch, Facts, Matrix], Iterator[Fault]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as the judge sees it."""

    id: str
    name: str
    severity: Severity
    ask: Ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is wrong in a file, by lines, and the rules that broke on it, with their errors."""

    faults: tuple[Fault, ...]
    crashed: tuple[tuple[str, str], ...] = ()


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule: the modules of `verl_doctor.lint.rules`."""
    found = pkgutil.iter_modules(rules.__path__)
    modules = (importlib.import_module(f"{rules.__name__}.{each.name}") for each in found)
    return tuple(Rule(id=each.ID, name=each.NAME, severity=each.SEVERITY, ask=each.ask) for each in modules)


def judge(document: Document, facts: Facts, matrix: Matrix, asked: Sequence[Rule] | None = None) -> Judgement:
    """Return what the rules find in a file, each thing once, however many launches have it.

    A rule that breaks does not stop the others. An edit of what several launches share stays only where all of them
    have the fault.
    """
    found: list[tuple[Launch, Fault]] = []
    crashed: dict[str, str] = {}
    for launch in document.launches:
        for rule in all_rules() if asked is None else asked:
            try:
                found.extend((launch, fault) for fault in rule.ask(launch, facts, matrix))
            except UnknownError:
                continue
            except Exception as error:  # noqa: BLE001 - a rule that breaks must not stop the others
                crashed[rule.name] = one_line(error)
    faults = sorted(_each_once(document, found), key=lambda fault: (line_of(document, fault.setting), fault.id))
    return Judgement(faults=tuple(faults), crashed=tuple(crashed.items()))


def key(fault: Fault) -> Hashable:
    """Return what tells one fault of a file from another."""
    setting = fault.setting
    return fault.id, fault.name, setting.kind, setting.name, setting.whole, setting.written, setting.value


def _each_once(document: Document, found: Sequence[tuple[Launch, Fault]]) -> Iterator[Fault]:
    by_key: dict[Hashable, tuple[Fault, list[Launch]]] = {}
    for launch, fault in found:
        by_key.setdefault(key(fault), (fault, []))[1].append(launch)
    for fault, having in by_key.values():
        places = [edit.span for edit in fault.edits] + [fault.setting.whole] * bool(fault.beside)
        others = (each for launch in document.launches if launch not in having for each in launch.settings)
        is_safe = all(_does_something(fault)) and not any(touches(setting, places) for setting in others)
        yield fault if is_safe else replace(fault, edits=(), beside=())


def _does_something(fault: Fault) -> Iterator[bool]:
    """Say of each edit whether it changes anything: what cannot be removed by itself has an empty place."""
    return (bool(edit.text) or edit.span.start < edit.span.end for edit in fault.edits)


def touches(setting: Setting, places: Iterable[Span]) -> bool:
    """Say whether a setting stands in one of these places, or they in it."""
    own = [span for span in (setting.whole, setting.literal, setting.key) if span is not None and span.start < span.end]
    return any(span.start < place.end and place.start < span.end for span in own for place in places) or any(
        span.start <= place.start == place.end <= span.end for span in own for place in places
    )
