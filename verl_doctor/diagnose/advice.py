"""What would look at the cause of what nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from verl_doctor.diagnose.diagnosis import Suspect

_OF_ENVIRONMENT: Final = ("ImportError", "ModuleNotFoundError", "AttributeError", "TypeError", "OSError", "NameError")
"""What is often raised where packages do not fit each other."""


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
