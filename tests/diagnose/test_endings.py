"""Jobs that somebody ended."""

from __future__ import annotations

import pytest

from tests.diagnose.telling import FORKING, diagnosis_of, traceback

DIED = "ray.exceptions.ActorDiedError: The actor died unexpectedly before finishing this task.\n"


@pytest.mark.parametrize(
    "ending",
    [
        "slurmstepd: error: *** JOB 1 ON node-1 CANCELLED AT 2026-01-02T12:00:01 DUE TO TIME LIMIT ***\n",
        traceback("KeyboardInterrupt"),
        "The actor is dead because all references to the actor were removed.\n",
    ],
)
def test_a_worker_that_dies_then_is_no_failure(ending: str) -> None:
    assert diagnosis_of(DIED).primary is not None
    assert not diagnosis_of(ending + DIED).has_failed
    assert not diagnosis_of(DIED + ending).has_failed


def test_what_went_wrong_before_counts() -> None:
    found = diagnosis_of(traceback(FORKING) + traceback("KeyboardInterrupt"))
    assert found.primary is not None
    assert found.primary.known.name == "tensordict-forkingpickler"
