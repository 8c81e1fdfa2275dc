"""A variable is set for vLLM that this vLLM does not read.

vLLM ignores variables that it does not know, so a switch that a release has dropped, does not have yet, or whose name
is misspelt, does nothing, and nothing says so. Here that means: no Python file of the release mentions it.

verl-doctor is silent about variables that no release of vLLM knows and that resemble none: they may be your own.

Remove it, or correct its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from verl_doctor import knowledge
from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint import environment
from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.fault import Edit, Fault
from verl_doctor.lint.similar import similar
from verl_doctor.lint.versions import released
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy, Severity
from verl_doctor.settings import names

ID: Final = "VD604"
NAME: Final = "unread-vllm-variable"
SEVERITY: Final = Severity.INFO
_PREFIX: Final = "VLLM_"


def ask(launch: Launch, facts: Facts, matrix: Matrix) -> Iterator[Fault]:
    """Yield the variables that do nothing."""
    vllm = released(facts, "vllm")
    known = names.known("variables", vllm) if vllm else None
    if vllm is None or known is None:
        return
    for setting in launch.settings:
        if setting.kind != "environment" or not setting.name.startswith(_PREFIX) or setting.name in known:
            continue
        if not _is_told_of(setting, launch, facts, matrix):
            yield from _fault(setting, vllm, known)


def _is_told_of(setting: Setting, launch: Launch, facts: Facts, matrix: Matrix) -> bool:
    """Say whether a known failure says more about a variable."""
    failures = (failure for failure in knowledge.load() if setting.name in environment.names(failure))
    return any(next(environment.faults(failure, launch, facts, matrix), None) for failure in failures)


def _fault(setting: Setting, vllm: str, known: frozenset[str]) -> Iterator[Fault]:
    elsewhere, near = names.known_by("variables", setting.name), similar(setting.name, known)
    if elsewhere:
        told, advice = f" ({elsewhere} does)", "Remove it: it does nothing."
    elif near:
        told, advice = "", f"The nearest name that it reads is {near}."
    else:
        return
    yield Fault(
        id=ID,
        name=NAME,
        severity=SEVERITY if elsewhere else Severity.WARNING,
        setting=setting,
        message=f"vLLM {vllm} does not read {setting.name}{told}, so setting it changes nothing.",
        remedy=Remedy(text=advice),
        edits=(Edit(span=setting.whole, text=""),) if elsewhere else (),
    )
