"""From facts to a report: runs every check, and finds the one cause among what failed."""

from __future__ import annotations

import importlib
import pkgutil
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from verl_doctor import checks, cure, knowledge
from verl_doctor.errors import UsageError
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.predicates import FACTS as FACTS_OF_CONDITIONS
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import (
    NOT_ASKED,
    Crashed,
    Failed,
    Finding,
    Layer,
    Outcome,
    Passed,
    Result,
    Ruling,
    Severity,
    Skipped,
    Unavailable,
    UnknownError,
    Verdict,
)
from verl_doctor.outweigh import outweighed
from verl_doctor.remedies import fitting_stack

CHECKS_LISTED = "`verl-doctor check --format json` lists their names"
"""Where the names are that may be allowed, or ruled on by a policy."""
IMPRECISE = ("requirement-conflict", "vllm-untested-with-verl", "cudart-major-mix")
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
        return next(self._counted(threshold), None) is not None

    def decisive(self, threshold: Severity) -> Result | None:
        """Return the failure to name first: the cause, else what counts although it prevents nothing."""
        return self.primary or next(self._counted(threshold), None)

    def _counted(self, threshold: Severity) -> Iterator[Result]:
        counted = (result for result in self.results if failed(result) and not result.allowed)
        return (result for result in counted if result.severity.rank <= threshold.rank)


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


def unjudged(result: Result) -> bool:
    """Say whether a check that matters could not be answered, which leaves the whole answer open."""
    is_open = isinstance(result.outcome, Skipped | Crashed)
    return is_open and result.severity is Severity.ERROR and not result.allowed


def examine(
    facts: Facts, matrix: Matrix, allow: Iterable[str] = (), rulings: Mapping[str, Ruling] | None = None
) -> Report:
    """Return the report on these facts. `allow` names failures the user chose to live with: shown, not counted.

    `rulings` say by name how much failures count here. Raises UsageError for a name that no check has.
    """
    ruled = {**(rulings or {}), **dict.fromkeys(known_names(allow), Ruling(severity=None))}
    judged = _with_installer(facts)
    results = {q.name: _result(q, judged, matrix, ruled.get(q.name)) for q in _asked(facts)}
    at_first = frozenset(name for name, result in results.items() if failed(result))
    _allow_what_follows(results, judged, matrix)
    _leave_to_the_precise(results)
    results = {name: outweighed(result, facts.imports) for name, result in results.items()}
    _find_the_cause(results, at_first, judged, matrix)
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


def _asked(facts: Facts) -> tuple[Question, ...]:
    """Return the checks that can be asked: not those about facts that nobody wanted to have."""
    missing = {field.name for field in fields(facts) if getattr(facts, field.name) == NOT_ASKED}
    return tuple(question for question in questions() if missing.isdisjoint(question.needs))


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
        findings: list[Finding] = []
        try:
            for finding in ask(**known):
                findings.append(finding)  # noqa: PERF402 - those before an UnknownError count
        except UnknownError as error:
            if not findings:
                return Skipped(str(error))
        return Failed(tuple(findings)) if findings else Passed()

    return asked


def _known(need: str, facts: Facts, matrix: Matrix) -> Any:
    """Return what a parameter of this name stands for: a fact or all, the matrix, or a stack that fits the facts."""
    if need in {"matrix", "facts"}:
        return {"matrix": matrix, "facts": facts}[need]
    if not need.endswith("stack"):
        return getattr(facts, need)
    if isinstance(facts.packages, Unavailable):
        return None
    kept = {"stack": facts.packages.keys(), "verl_stack": {"verl"}, "driver_stack": {"verl"}}[need]
    packages = {name: facts.packages[name] for name in kept if name in facts.packages}
    return fitting_stack(matrix, packages, facts.python, facts.driver, facts.gpus)


def _result(question: Question, facts: Facts, matrix: Matrix, ruling: Ruling | None) -> Result:
    return Result(
        id=question.id,
        name=question.name,
        severity=question.severity if ruling is None else ruling.severity or Severity.INFO,
        layer=question.layer,
        outcome=_outcome(question, facts, matrix),
        allowed=ruling is not None and ruling.severity is None,
        ruling=ruling,
    )


def _outcome(question: Question, facts: Facts, matrix: Matrix) -> Outcome:
    try:
        return question.ask(facts, matrix)
    except Exception as error:  # noqa: BLE001 - a check that breaks must not stop the others
        return Crashed(f"{type(error).__name__}: {error}")


def known_names(names: Iterable[str]) -> frozenset[str]:
    """Return the checks that these names and ids are of. Raises UsageError for what is none's."""
    by_key = {key: question.name for question in questions() for key in (question.id, question.name)}
    for name in names:
        if name not in by_key:
            raise UsageError(f"No check is called {name!r}; {CHECKS_LISTED}.")
    return frozenset(by_key[name] for name in names)


def _with_installer(facts: Facts) -> Facts:
    """Let commands install into the examined environment even where its Python is gone, never into another one."""
    target = facts.target
    if target.python is not None or target.kind == "folder":
        return facts
    installer = f"uv pip install --python {shlex.quote(f'{target.prefix}/bin/python')}"
    return replace(facts, target=replace(target, installer=installer))


def _allow_what_follows(results: dict[str, Result], facts: Facts, matrix: Matrix) -> None:
    """Allow what cannot be judged only because of a driver or GPU whose failure is allowed.

    Each is asked again as if there were none: what passes then was skipped for want of it.
    """
    if not any(r.allowed and failed(r) and r.layer in {Layer.DRIVER, Layer.GPU} for r in results.values()):
        return
    without = replace(facts, driver=Driver(state="absent", detail="allowed"), gpus=())
    for question in _asked(facts):
        result = results[question.name]
        if isinstance(result.outcome, Skipped) and isinstance(_outcome(question, without, matrix), Passed):
            results[question.name] = replace(result, allowed=True)


def _leave_to_the_precise(results: dict[str, Result]) -> None:
    """Drop the plain findings about a pair of distributions of which a known failure says what breaks."""
    precise = [
        (result.severity.rank, finding.about)
        for result in results.values()
        if isinstance(result.outcome, Failed) and result.name not in IMPRECISE
        for finding in result.outcome.findings
    ]
    for name in IMPRECISE:
        outcome = results[name].outcome
        if isinstance(outcome, Failed):
            worth = results[name].severity.rank
            rest = tuple(
                finding
                for finding in outcome.findings
                if not any(rank <= worth and finding.about <= about for rank, about in precise)
            )
            results[name] = replace(results[name], outcome=Failed(rest) if rest else Passed())


def _find_the_cause(results: dict[str, Result], at_first: frozenset[str], facts: Facts, matrix: Matrix) -> None:
    """Mark the failure whose cure does the most good, and the failures that it removes as its consequences.

    Causes are not guessed from rules: each cure is tried on the facts, and the checks are asked again. A broken
    interpreter comes before all, for nothing can be installed without it.
    """
    found = [r for r in results.values() if failed(r) and r.severity is not Severity.INFO]
    if not found:
        return
    worst = min(result.severity.rank for result in found)
    tried = {r.name: _try(r, found, at_first, facts, matrix) for r in found if r.severity.rank == worst}

    def order(name: str) -> tuple[Any, ...]:
        layer = results[name].layer
        return layer is not Layer.INTERPRETER, -tried[name].worth, layer.rank, results[name].id

    primary = min(tried, key=order)
    results[primary] = replace(results[primary], primary=True)
    for name in tried[primary].removed:
        results[name] = replace(results[name], consequence_of=primary)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a cure does when it is tried: the other failures it removes, and its worth, less for what it breaks."""

    removed: tuple[str, ...]
    worth: int


def _try(cause: Result, found: list[Result], at_first: frozenset[str], facts: Facts, matrix: Matrix) -> Trial:
    """Try a failure's cure. One that leaves its own failure, or brings new errors, is worth less."""
    assert isinstance(cause.outcome, Failed)  # noqa: S101 - only failures come here
    remedies = [finding.remedy for finding in cause.outcome.findings]
    if not any(remedy.pins or remedy.patch for remedy in remedies):
        return Trial((), 0)
    for remedy in remedies:
        facts = cure.after(remedy, facts, matrix)
    asked = _asked(facts)
    after = {question.name: _outcome(question, facts, matrix) for question in asked}
    removed = tuple(r.name for r in found if r.name != cause.name and isinstance(after[r.name], Passed))
    new = [
        question.name
        for question in asked
        if question.severity is Severity.ERROR
        and question.name not in at_first
        and isinstance(after[question.name], Failed)
    ]
    return Trial(removed, len(removed) - len(new) - isinstance(after[cause.name], Failed))


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
    if any(map(unjudged, counted)):
        return Verdict.UNKNOWN
    return Verdict.DEGRADED if Severity.WARNING in worst else Verdict.HEALTHY
