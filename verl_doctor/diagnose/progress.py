"""The signs in a log that a job does its work: what came before them has been survived."""

from __future__ import annotations

import re
from typing import Final

_STEPS: Final = {
    "step:": re.compile(r"\bstep:(\d{1,12}) - \w"),
    "Training Progress:": re.compile(r"Training Progress:\s{1,4}\d{1,3}%\|[^|]{0,80}\| (\d{1,12})/"),
    "Epoch ": re.compile(r"\bEpoch \d{1,6}/\d{1,6}:\s{1,4}\d{1,3}%\|[^|]{0,80}\| (\d{1,12})/"),
}
KINDS: Final = tuple(_STEPS)
"""The kinds of lines that tell of steps."""
_STARTS: Final = ("Started a local Ray instance", "Connecting to existing Ray cluster at address")
ENDS: Final = ("Final validation metrics", "Training Progress: 100%")
"""What a line holds that tells of the end of the work."""

WORDS: Final = (*(word for word in _STEPS if word != "step:"), *(f"step:{digit}" for digit in range(10)), *_STARTS)
"""What a line holds that tells of progress or of a start."""


def step(text: str) -> tuple[str, int] | None:
    """Return which step of training a line tells of, and which kind of line it is; None where it tells of none."""
    for word, pattern in _STEPS.items():
        if word in text and (found := pattern.search(text)):
            return word, int(found[1])
    return None


def is_start(text: str) -> bool:
    """Say whether a job starts with this line."""
    return any(word in text for word in _STARTS)


def is_end(text: str) -> bool:
    """Say whether a job has done its work with this line."""
    return any(word in text for word in ENDS)
