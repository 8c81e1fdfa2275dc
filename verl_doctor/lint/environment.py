"""Known failures that an environment variable of a launch brings about, by the same conditions that `check` uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from verl_doctor.explain.cure_of import cure_of
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.failure import Failure
from verl_doctor.knowledge.judgement import Condition, Holds
from verl_doctor.knowledge.predicates import ABSENT, PRESENT
from verl_doctor.lint.cases import is_spared
from verl_doctor.lint.configured import trains, uses_vllm
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.variables import with_variables
from verl_doctor.matrix.matrix import Matrix

_KEYS: Final = ("env", "env-differ")


def faults(failure: Failure, launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the variable that brings a failure about."""
    if not trains(launch):
        return
    here = with_variables(launch, facts)
    for condition, sources in failure.alternatives(matrix):
        blamed = _blamed(condition.stated, launch)
        if blamed is None or ("vllm" in condition.stated and not uses_vllm(launch)):
            continue
        judged = condition.judge(here)
        if isinstance(judged, Holds) and not failure.is_patched(facts) and not is_spared(failure, launch, facts):
            found = ", ".join(dict.fromkeys(seen.what for seen in judged.seen))
            yield Fault(
                id=failure.id,
                name=failure.name,
                severity=failure.severity,
                setting=blamed,
                message=f"{failure.texts.title} ({found}).",
                remedy=cure_of(failure, here, matrix),
                edits=_edits(failure, condition, blamed),
                sources=failure.cited(matrix, sources),
            )
            return


def _blamed(stated: Mapping[str, Any], launch: Launch) -> Setting | None:
    """Return the setting that a condition is about; None where the launch sets none, or one of a value not known."""
    wanted = dict(stated.get("env", {})) | dict.fromkeys(stated.get("env-differ", ()), PRESENT)
    named = {name: launch.setting("environment", name) for name in wanted}
    if any(setting is not None and setting.value is None for setting in named.values()):
        return None
    if launch.open and any(wanted[name] == ABSENT for name, setting in named.items() if setting is None):
        return None
    return next((setting for name, setting in named.items() if setting and wanted[name] != ABSENT), None)


def _edits(failure: Failure, condition: Condition, setting: Setting) -> tuple[Edit, ...]:
    """Return what the cure's commands say of this variable, as an edit of the file."""
    commands = [command for cure in failure.texts.cures for command in cure.commands]
    for command in commands:
        value = re.fullmatch(rf"export {setting.name}=([\w.:]+)", command)
        if value and setting.literal:
            return (Edit(span=setting.literal, text=value.group(1)),)
    if f"unset {setting.name}" not in commands:
        return ()
    items = (setting.value or "").split(",")
    wanted = condition.stated.get("env", {}).get(setting.name, "")
    rest = [item for item in items if not re.search(wanted, item)]
    if rest and len(rest) < len(items):
        return (Edit(span=setting.literal, text=",".join(rest)),) if setting.literal else ()
    return (Edit(span=setting.whole, text=""),)


def names(failure: Failure) -> frozenset[str]:
    """Return the variables that a failure's conditions name."""
    stated = [condition.stated for condition in failure.when]
    return frozenset(name for each in stated for key in _KEYS for name in each.get(key, ()))
