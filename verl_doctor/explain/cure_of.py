"""What cures a known failure, also where the node is not known."""

from __future__ import annotations

from contextlib import suppress

from verl_doctor.errors import DataError
from verl_doctor.explain import words
from verl_doctor.facts.packages import Partial
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.cures import remedy
from verl_doctor.knowledge.failure import Failure
from verl_doctor.knowledge.judgement import HoldsNot, judge_any
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Remedy


def cure_of(failure: Failure, facts: Facts, matrix: Matrix) -> Remedy:
    """Return what cures a failure: for the node where it is known, else for any to which it can happen."""
    cures = failure.texts.cures
    if not isinstance(facts.packages, Partial):
        with suppress(DataError):  # it names the version of something that is not installed on this node
            return remedy(cures, failure.name, facts, matrix)
    cure = next(
        (cure for cure in cures if not cure.when or not isinstance(judge_any(cure.when, facts), HoldsNot)), cures[-1]
    )
    text, commands = words.cure(cure)
    return Remedy(text=text, commands=commands, patch=cure.patch)
