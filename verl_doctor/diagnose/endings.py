"""The signs in a log that somebody, or the schedule, ended the job: nothing failed by itself."""

from __future__ import annotations

from typing import Final

from verl_doctor.diagnose.record import Record

WORDS: Final = (
    "CANCELLED AT",
    "DUE TO TIME LIMIT",
    "KeyboardInterrupt",
    "all references to the actor were removed",
    "was killed by `ray.kill",
)
"""What Slurm, Python and Ray say when a job is ended on purpose."""


def is_ending(record: Record) -> bool:
    """Say whether a record tells of such an end."""
    said = record.said
    return any(word in said for word in WORDS)
