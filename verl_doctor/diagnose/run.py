"""Reads logs to their end, or one that is being written until its job has failed, and judges what they tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from verl_doctor.diagnose import logs
from verl_doctor.diagnose.diagnosis import Diagnosis
from verl_doctor.diagnose.follow import MOMENT, follow
from verl_doctor.diagnose.judge import judge
from verl_doctor.diagnose.node import told, with_told
from verl_doctor.diagnose.read import read, scan_for
from verl_doctor.diagnose.story import Story
from verl_doctor.errors import UsageError
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.matrix import Matrix

QUIET: Final = 10.0
"""Seconds without a new line after which a job that has failed is taken to be over."""


def read_all(names: Iterable[str], story: Story) -> None:
    """Read logs to their end. Raises UsageError or DoctorError where one cannot be read."""
    scan = scan_for(story.signatures)
    for name in names:
        for _ in read(name, logs.chunks(name), story, scan):
            pass


def read_until_failed(
    names: list[str], story: Story, matrix: Matrix, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Read a log that is being written, until it tells of a failure and nothing was added for a while.

    Raises UsageError where it is not one plain file, or cannot be read.
    """
    if len(names) != 1 or names[0] == logs.STANDARD_INPUT or logs.is_compressed(names[0]):
        raise UsageError("--follow takes one log, a file that is not compressed.")
    quiet = 0.0
    for is_idle in read(names[0], follow(Path(names[0]), sleep), story, scan_for(story.signatures)):
        quiet = quiet + MOMENT if is_idle else 0.0
        if quiet == QUIET and judge(story, names, told(story), matrix).has_failed:
            return


def diagnosis(names: list[str], story: Story, node: Facts | None, matrix: Matrix) -> Diagnosis:
    """Return what the logs come to; `node` are the facts of where they were written, as far as they are known."""
    return judge(story, names, told(story) if node is None else with_told(node, story), matrix)
