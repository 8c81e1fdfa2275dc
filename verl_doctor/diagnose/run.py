"""Reads logs to their end, or one that is being written until its job has failed, and judges what they tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from verl_doctor.diagnose import logs
from verl_doctor.diagnose.diagnosis import Diagnosis
from verl_doctor.diagnose.follow import follow
from verl_doctor.diagnose.judge import judge
from verl_doctor.diagnose.node import told, with_told
from verl_doctor.diagnose.read import read, scan_for
from verl_doctor.diagnose.story import Story
from verl_doctor.errors import DoctorError, UsageError
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.matrix import Matrix

PATIENCE: Final = 60.0
"""Seconds without a new line after which a job that has failed is taken to be over."""


def read_all(names: Iterable[str], story: Story) -> dict[str, str]:
    """Read logs to their end; return those that cannot be read, or not to their end, with the reason.

    Raises UsageError or DoctorError, for the first of them, where nothing of any could be read.
    """
    scan = scan_for(story.signatures)
    failed: dict[str, DoctorError] = {}
    has_read = False
    for name in names:
        try:
            for _ in read(name, logs.chunks(name), story, scan):
                has_read = True
            has_read = True
        except DoctorError as error:
            failed[name] = error
    if failed and not has_read:
        raise next(iter(failed.values()))
    return {name: str(error) for name, error in failed.items()}


def check_followed(names: Sequence[str]) -> None:
    """Raise UsageError where what is to be followed is not one plain file."""
    if len(names) != 1 or not Path(names[0]).is_file() or logs.is_compressed(names[0]):
        raise UsageError("--follow takes one log, a file that is there and is not compressed.")


def read_until_failed(
    name: str, story: Story, matrix: Matrix, patience: float, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Read a log that is being written, until it tells of a failure and nothing was added for so many seconds.

    Raises UsageError where it is no plain file, or cannot be read.
    """
    for is_quiet in read(name, follow(Path(name), patience, sleep), story, scan_for(story.signatures)):
        if is_quiet and diagnosis([name], story, None, matrix).has_failed:
            return


def diagnosis(
    names: Sequence[str], story: Story, node: Facts | None, matrix: Matrix, unread: dict[str, str] | None = None
) -> Diagnosis:
    """Return what the logs come to; `node` are the facts of where they were written, as far as they are known."""

    @cache
    def facts_of(file: str) -> Facts:
        chapter = story.chapters[file]
        return told(chapter) if node is None else with_told(node, chapter)

    return replace(judge(story, names, facts_of, matrix), unread=unread or {})
