"""All that a log can show: the known failures, and the checks that have signatures, as one kind of thing."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from verl_doctor import checks, knowledge
from verl_doctor.examine import Question, questions
from verl_doctor.explain.cure_of import cure_of
from verl_doctor.facts.packages import Partial
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.failure import Failure
from verl_doctor.knowledge.judgement import NOT, Holds, Judgement, Seen, Unknown, judge_any
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Crashed, Failed, Passed, Remedy, Severity, Skipped

_CURE = re.compile(r"Cure it(?:, [^:]*)?: (.+?)(?:\n\n|$)", re.DOTALL)
NO_CONDITION = Unknown("it depends on no version")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What a log can show. `judge` says whether it can be so on given facts, `cure` what to do there.

    Where there are `frames`, the signatures that are not in `alone` count only in a traceback through one of them.
    What `follows` is usually but a consequence of those names, or of anything.
    """

    id: str
    name: str
    severity: Severity
    title: str
    cause: str
    signatures: tuple[re.Pattern[str], ...]
    judge: Callable[[Facts, Matrix], Judgement]
    cure: Callable[[Facts, Matrix], Remedy]
    alone: tuple[re.Pattern[str], ...] = ()
    frames: tuple[re.Pattern[str], ...] = ()
    follows: tuple[str, ...] = ()
    is_general: bool = False
    """Whether one that is more precise goes before it, where both are borne by one line."""
    sources: tuple[str, ...] = ()


@cache
def everything() -> tuple[Known, ...]:
    """Return all that a log can show, by id."""
    asked = {question.name: question for question in questions()}
    modules = (
        importlib.import_module(f"{checks.__name__}.{found.name}") for found in pkgutil.iter_modules(checks.__path__)
    )
    of_checks = [_of_check(module, asked[module.NAME]) for module in modules if hasattr(module, "SIGNATURE")]
    of_failures = [_of_failure(failure) for failure in knowledge.load() if failure.texts.signature]
    return tuple(sorted((*of_checks, *of_failures), key=lambda known: known.id))


def _of_failure(failure: Failure) -> Known:
    texts = failure.texts
    return Known(
        id=failure.id,
        name=failure.name,
        severity=failure.severity,
        title=texts.title,
        cause=texts.cause,
        signatures=texts.signature,
        judge=lambda facts, matrix: _judged(failure, facts, matrix),
        cure=lambda facts, matrix: cure_of(failure, facts, matrix),
        alone=texts.alone,
        frames=texts.frames,
        follows=texts.follows,
        sources=texts.sources,
    )


def _judged(failure: Failure, facts: Facts, matrix: Matrix) -> Judgement:
    if failure.within and not isinstance(within := judge_any(failure.within, facts), Holds):
        return within
    alternatives = [condition for condition, _ in failure.alternatives(matrix)] or list(failure.within)
    return judge_any(alternatives, facts) if alternatives else NO_CONDITION


def _of_check(module: ModuleType, question: Question) -> Known:
    title, _, text = (module.__doc__ or "").strip().partition("\n")
    return Known(
        id=module.ID,
        name=module.NAME,
        severity=module.SEVERITY,
        title=title.rstrip("."),
        cause=text.strip().partition("\n\nSee it")[0],
        signatures=tuple(map(re.compile, module.SIGNATURE)),
        follows=getattr(module, "FOLLOWS", ()),
        is_general=True,
        judge=lambda facts, matrix: _asked(question, facts, matrix),
        cure=lambda facts, matrix: _cured(module, question, facts, matrix),
    )


def _asked(question: Question, facts: Facts, matrix: Matrix) -> Judgement:
    if isinstance(facts.packages, Partial):
        return Unknown("the node is not known")
    match question.ask(facts, matrix):
        case Failed(findings):
            return Holds((Seen(what="what `check` finds here", where=findings[0].message),))
        case Passed():
            return NOT
        case Skipped(reason) | Crashed(reason):
            return Unknown(reason)


def _cured(module: ModuleType, question: Question, facts: Facts, matrix: Matrix) -> Remedy:
    """Return the cure of what the check finds on these facts, else the one that its documentation gives."""
    if not isinstance(facts.packages, Partial):
        outcome = question.ask(facts, matrix)
        if isinstance(outcome, Failed):
            return outcome.findings[0].remedy
    told = _CURE.search(module.__doc__ or "")
    text = " ".join((told[1] if told else "see what `verl-doctor check` finds").split())
    return Remedy(text=f"{text[0].upper()}{text[1:]}", commands=("verl-doctor check",))
