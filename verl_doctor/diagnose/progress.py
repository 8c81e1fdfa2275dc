"""The signs in a log that a job does its work: what came before them has been survived."""

from __future__ import annotations

import re
from typing import Final

_SIGNS: Final = {
    "step:": re.compile(r"\bstep:(\d+) - \w"),
    "Training Progress:": re.compile(r"Training Progress:\s+\d+%\|[^|]*\| (\d+)/"),
    "Epoch ": re.compile(r"\bEpoch (\d+/\d+):\s+\d+%\|[^|]*\| \d+/"),
    "generation throughput:": re.compile(r"Avg generation throughput: ([1-9][\d.]*) tokens/s"),
    "global_step": re.compile(r"\bglobal_step[_ :=]+(\d+)\b"),
}
_STARTS: Final = (
    "Started a local Ray instance",
    "Connecting to existing Ray cluster at address",
)

WORDS: Final = (*_SIGNS, *_STARTS)
"""What a line holds that tells of progress, or of a start."""


def sign(text: str) -> str | None:
    """Return what a line tells of progress, another text for each step; None where it tells of none."""
    for word, pattern in _SIGNS.items():
        if word in text and (found := pattern.search(text)):
            return f"{word}{found[1]}"
    return None


def is_start(text: str) -> bool:
    """Say whether a job starts with this line."""
    return any(word in text for word in _STARTS)
