"""Known failures that verl's settings bring about, by the `launch` of their entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from verl_doctor.explain.cure_of import cure_of
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.failure import Failure
from verl_doctor.knowledge.judgement import Holds, judge_any
from verl_doctor.knowledge.launched import Case, cases
from verl_doctor.lint.configured import Value, trains, uses_vllm, value
from verl_doctor.lint.document import Launch
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.variables import with_certain_variables
from verl_doctor.matrix.matrix import Matrix


def faults(failure: Failure, launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the settings that bring a failure about."""
    here = with_certain_variables(launch, facts)
    if is_spared(failure, launch, here):
        return
    for case in cases(failure.launch):
        if case.spares or (case.only_vllm and not (uses_vllm(launch) and trains(launch))):
            continue
        found = _values(case, launch, here)
        holds = _occurs(failure, case, here, matrix) if found else None
        if found and holds is not None and not failure.is_patched(facts):
            fault = _fault(failure, case, found, holds, facts, matrix)
            yield (
                fault
                if _is_of_verl(launch)
                else replace(
                    fault,
                    severity=fault.severity.milder,
                    message=f"{fault.message} {launch.program} is no program of verl's, and may do without it.",
                )
            )
            return


def _is_of_verl(launch: Launch) -> bool:
    """Say whether verl's own programs read the settings; where a file tells no program they are taken to."""
    return launch.program is None or launch.program.startswith(("verl", "recipe", "vllm"))


def is_spared(failure: Failure, launch: Launch, facts: Facts) -> bool:
    """Say whether a launch has settings with which a failure cannot occur."""
    return any(case.spares and _all_hold(case, launch, facts) for case in cases(failure.launch))


def _all_hold(case: Case, launch: Launch, facts: Facts) -> bool:
    """Say whether the settings of a case are certain to hold here, set or by default."""
    if case.where and not isinstance(judge_any(case.where, facts), Holds):
        return False
    found = ((wanted, value(launch, facts, key)) for key, wanted in case.settings)
    return all(each is not None and wanted.holds(each.text) for wanted, each in found)


def _values(case: Case, launch: Launch, facts: Facts) -> dict[str, Value] | None:
    """Return the values that bring it about; None where one does not, is not known, or none is set here."""
    found: dict[str, Value] = {}
    for key, wanted in case.settings:
        each = value(launch, facts, key)
        if each is None or not wanted.holds(each.text):
            return None
        found[key] = each
    return found if any(each.setting for each in found.values()) else None


def _occurs(failure: Failure, case: Case, facts: Facts, matrix: Matrix) -> tuple[str, ...] | None:
    """Return what was seen where the versions are those of the failure; None where they are not, or not known."""
    asked = [failure.within] if failure.within else []
    asked.append(case.where or tuple(condition for condition, _ in failure.alternatives(matrix)))
    seen: list[str] = []
    for alternatives in filter(None, asked):
        judged = judge_any(alternatives, facts)
        if not isinstance(judged, Holds):
            return None
        seen += [each.what for each in judged.seen]
    return tuple(dict.fromkeys(seen))


def _fault(  # noqa: PLR0913, PLR0917 - what is wrong, and everything that it is judged by
    failure: Failure,
    case: Case,
    found: dict[str, Value],
    seen: tuple[str, ...],
    facts: Facts,
    matrix: Matrix,
) -> Fault:
    """Return the finding; one step milder where a default counts that more settings from elsewhere may change."""
    told = [f"{key}={each.text}{_origin(each)}" for key, each in found.items()]
    is_assumed = any(each.assumed for each in found.values())
    edits = [
        Edit(span=span, text=text)
        for key, text in case.fix
        if key in found and (setting := found[key].setting)
        for span in [setting.literal if text else setting.whole]
        if span
    ]
    beside = tuple((key, text) for key, text in case.fix if text and (key not in found or found[key].setting is None))
    is_all = not beside and len(edits) == len(case.fix)
    return Fault(
        id=failure.id,
        name=failure.name,
        severity=failure.severity.milder if is_assumed else failure.severity,
        setting=next(each.setting for each in found.values() if each.setting),
        message=f"{failure.texts.title} ({', '.join((*told, *seen))}).",
        remedy=cure_of(failure, facts, matrix),
        edits=tuple(edits) if is_all else (),
        beside=beside if len(beside) == len(case.fix) else (),
        sources=failure.cited(matrix),
    )


def _origin(found: Value) -> str:
    if found.setting:
        return ""
    return " by default, unless it is set from elsewhere" if found.assumed else " by default"
