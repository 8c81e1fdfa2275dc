"""What to do about what a log shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from verl_doctor.diagnose.diagnosis import Suspect
from verl_doctor.explain import words
from verl_doctor.facts.packages import Partial
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.cures import remedy
from verl_doctor.knowledge.failure import Failure
from verl_doctor.knowledge.judgement import HoldsNot, judge_any
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy

_OF_ENVIRONMENT: Final = ("ImportError", "ModuleNotFoundError", "AttributeError", "TypeError", "OSError", "NameError")
"""What is often raised where packages do not fit each other."""


def cure_of(failure: Failure, facts: Facts, matrix: Matrix) -> Remedy:
    """Return what cures a failure: for the node where it is known, else for any to which it can happen."""
    cures = failure.texts.cures
    if not isinstance(facts.packages, Partial):
        return remedy(cures, failure.name, facts, matrix)
    cure = next(
        (cure for cure in cures if not cure.when or not isinstance(judge_any(cure.when, facts), HoldsNot)), cures[-1]
    )
    text, commands = words.cure(cure)
    return Remedy(text=text, commands=commands, patch=cure.patch)


def looked_at(suspects: Sequence[Suspect]) -> str | None:
    """Say what would look at the cause of what nobody knows; None where there is nothing of the kind."""
    if not suspects:
        return None
    first = suspects[0]
    kind = (first.seen.record.kind or "").rpartition(".")[2]
    if kind in _OF_ENVIRONMENT and any("site-packages/" in frame.file for frame in first.seen.record.frames[-1:]):
        return (
            "Such an error inside installed packages often means that two of them do not fit: `verl-doctor check "
            "--deep` compares their versions, files and binaries, and imports them one by one."
        )
    if first.own:
        return "It was raised under code of your own; the environment need not be at fault."
    return "`verl-doctor check` tells whether the environment has a part in it."
