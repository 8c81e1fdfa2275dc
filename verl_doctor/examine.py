"""From facts to a report: runs every check, and finds the one cause among what failed."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from verl_doctor import checks, cure, knowledge
from verl_doctor.errors import UsageError
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.predicates import FACTS as FACTS_OF_CONDITIONS
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import (
    Crashed,
    Failed,
    Finding,
    Layer,
    Outcome,
    Passed,
    Result,
    Severity,
    Skipped,
    Unavailable,
    Verdict,
)
from verl_doctor.remedies import fitting_stack

IMPRECISE = ("requirement-conflict", "vllm-untested-with-verl")
"""The checks that only compare versions; a known failure about the same distributions says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The facts, what every check made of them, and the answer."""

    facts: Facts
    results: tuple[Result, ...]
    verdict: Verdict

    @property
    def primary(self) -> Result | None:
        """The one cause to cure first; None where nothing failed."""
        return next((result for result in self.results if result.primary), None)

    def fails(self, threshold: Severity) -> bool:
        """Say whether a check of at least this severity failed."""
        return any(failed(result) and result.severity.rank <= threshold.rank for result in self.results)


@dataclass(frozen=True, slots=True)
class Question:
    """A check as the runner sees it, whether it is code or data."""

    id: str
    name: str
    severity: Severity
    layer: Layer
    ask: Callable[[Facts, Matrix], Outcome]
    needs: Collection[str]


def failed(result: Result) -> bool:
    """Say whether the check found something."""
    return isinstance(result.outcome, Failed)


def examine(facts: Facts, matrix: Matrix, allow: Iterable[str] = ()) -> Report:
    """Return the report on these facts. `allow` names failures the user chose to live with: shown, not counted.

    Raises UsageError for a name that no check has.
    """
    allowed = _known_names(allow)
    results = {question.name: _result(question, facts, matrix, allowed) for question in questions()}
    _leave_to_the_precise(results)
    _find_the_cause(results, facts, matrix)
    ordered = tuple(sorted(results.values(), key=_most_important_first))
    return Report(facts=facts, results=ordered, verdict=_verdict(ordered))


@cache
def questions() -> tuple[Question, ...]:
    """Return every check: the modules of `verl_doctor.checks` and the known failures."""
    modules = (
        importlib.import_module(f"verl_doctor.checks.{module.name}") for module in pkgutil.iter_modules(checks.__path__)
    )
    code = (Question(m.ID, m.NAME, m.SEVERITY, m.LAYER, _asker(m.ask), _parameters(m.ask)) for m in modules)
    data = (Question(f.id, f.name, f.severity, f.layer, f.ask, FACTS_OF_CONDITIONS) for f in knowledge.load() if f.asks)
    return (*code, *data)


def needed() -> frozenset[str]:
    """Return the facts that any check asks for, so that a check collects no others."""
    return frozenset(need for question in questions() for need in question.needs)


def _parameters(ask: Callable[..., Iterator[Finding]]) -> tuple[str, ...]:
    return ask.__code__.co_varnames[: ask.__code__.co_argcount]


def _asker(ask: Callable[..., Iterator[Finding]]) -> Callable[[Facts, Matrix], Outcome]:
    """Make a check's function, whose parameters name what it needs, answer to facts and a matrix."""
    needs = _parameters(ask)

    def asked(facts: Facts, matrix: Matrix) -> Outcome:
        known = {need: _known(need, facts, matrix) for need in needs}
        for value in known.values():
            if isinstance(value, Unavailable):
                return Skipped(value.reason)
        findings = tuple(ask(**known))
        return Failed(findings) if findings else Passed()

    return asked


def _known(need: str, facts: Facts, matrix: Matrix) -> Any:
    """Return what a parameter of this name stands for: a fact, the matrix, or a stack that fits the facts."""
    if need == "matrix":
        return matrix
    if not need.endswith("stack"):
        return getattr(facts, need)
    if isinstance(facts.packages, Unavailable):
        return None
    kept = {"stack": facts.packages.keys(), "verl_stack": {"verl"}, "driver_stack": {"verl"}}[need]
    packages = {name: facts.packages[name] for name in kept if name in facts.packages}
    return fitting_stack(matrix, packages, facts.python, facts.driver)


def _result(question: Question, facts: Facts, matrix: Matrix, allowed: frozenset[str]) -> Result:
    is_allowed = question.name in allowed
    return Result(
        id=question.id,
        name=question.name,
        severity=Severity.INFO if is_allowed else question.severity,
        layer=question.layer,
        outcome=_outcome(question, facts, matrix),
        allowed=is_allowed,
    )


def _outcome(question: Question, facts: Facts, matrix: Matrix) -> Outcome:
    try:
        return question.ask(facts, matrix)
    except Exception as error:  # noqa: BLE001 - a check that breaks must not stop the others
        return Crashed(f"{type(error).__name__}: {error}")


def _known_names(names: Iterable[str]) -> frozenset[str]:
    by_key = {key: question.name for question in questions() for key in (question.id, question.name)}
    for name in names:
        if name not in by_key:
            raise UsageError(f"No check is called {name!r}; `verl-doctor check --format json` lists their names.")
    return frozenset(by_key[name] for name in names)


def _leave_to_the_precise(results: dict[str, Result]) -> None:
    """Drop the plain findings about a pair of distributions of which a known failure says what breaks."""
    precise = [
        finding.about
        for result in results.values()
        if isinstance(result.outcome, Failed) and result.name not in IMPRECISE
        for finding in result.outcome.findings
    ]
    for name in IMPRECISE:
        outcome = results[name].outcome
        if isinstance(outcome, Failed):
            rest = tuple(f for f in outcome.findings if not any(f.about <= about for about in precise))
            results[name] = replace(results[name], outcome=Failed(rest) if rest else Passed())


def _find_the_cause(results: dict[str, Result], facts: Facts, matrix: Matrix) -> None:
    """Mark the failure whose cure removes the most others, and those others as its consequences.

    Causes are not guessed from rules: each cure is tried on the facts, and the failed checks are asked again.
    """
    found = [r for r in results.values() if failed(r) and r.severity is not Severity.INFO]
    if not found:
        return
    worst = min(result.severity.rank for result in found)
    cured = {r.name: _cured_by(r, found, facts, matrix) for r in found if r.severity.rank == worst}
    primary = min(cured, key=lambda name: (-len(cured[name]), results[name].layer.rank, results[name].id))
    results[primary] = replace(results[primary], primary=True)
    for name in cured[primary]:
        results[name] = replace(results[name], consequence_of=primary)


def _cured_by(cause: Result, found: list[Result], facts: Facts, matrix: Matrix) -> tuple[str, ...]:
    """Return the names of the other failures that this failure's cure removes."""
    assert isinstance(cause.outcome, Failed)  # noqa: S101 - only failures come here
    for finding in cause.outcome.findings:
        facts = cure.after(finding.remedy, facts, matrix)
    by_name = {question.name: question for question in questions()}
    others = (result.name for result in found if result.name != cause.name)
    return tuple(name for name in others if isinstance(_outcome(by_name[name], facts, matrix), Passed))


def _most_important_first(result: Result) -> tuple[Any, ...]:
    kind = {Failed: 0, Crashed: 1, Skipped: 2, Passed: 3}[type(result.outcome)]
    return (
        kind,
        not result.primary,
        result.consequence_of is None,
        result.severity.rank,
        result.layer.rank,
        result.id,
    )


def _verdict(results: tuple[Result, ...]) -> Verdict:
    counted = [result for result in results if not result.allowed]
    worst = {result.severity for result in counted if failed(result)}
    if Severity.ERROR in worst:
        return Verdict.BROKEN
    unjudged = (r for r in counted if isinstance(r.outcome, Skipped | Crashed) and r.severity is Severity.ERROR)
    if next(unjudged, None) is not None:
        return Verdict.UNKNOWN
    return Verdict.DEGRADED if Severity.WARNING in worst else Verdict.HEALTHY
