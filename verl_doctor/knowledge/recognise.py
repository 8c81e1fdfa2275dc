"""Which known failure a failed import looks like."""

from __future__ import annotations

from verl_doctor import knowledge
from verl_doctor.facts.imports import Import
from verl_doctor.facts.snapshot import Facts
from verl_doctor.knowledge.failure import Failure
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Failed, Passed


def recognise(seen: Import, facts: Facts, matrix: Matrix) -> Failure | None:
    """Return the known failure whose signature is in what an import said, and that the versions do not rule out.

    What was raised goes before what was merely printed or stands in the traceback: there a signature counts only where
    the versions speak for that failure too. What is usually but a consequence goes last.
    """
    raised = f"{seen.error}\n{seen.cause}"
    printed = None
    for failure in sorted(knowledge.load(), key=lambda failure: bool(failure.texts.follows)):
        is_raised = failure.texts.is_in(raised, seen.detail)
        if is_raised or failure.texts.is_in(seen.detail):
            outcome = failure.ask(facts, matrix)
            if is_raised and not (failure.asks and isinstance(outcome, Passed)):
                return failure
            if isinstance(outcome, Failed):
                printed = printed or failure
    return printed
