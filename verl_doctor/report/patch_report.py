"""The states of patches as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from verl_doctor.facts.patches import PatchState
from verl_doctor.report.head import head
from verl_doctor.target import Target

_WORDS: Final = {
    "applicable": "to be applied",
    "applied": "applied",
    "fixed-upstream": "not needed",
    "unrecognised": "not recognised",
    "absent": "nothing to patch",
}

DONE: Final = {"preview": "would change", "check": "would change", "apply": "changed", "revert": "restored"}
"""What is said of a file, by what was asked for."""


def text(states: Mapping[str, PatchState]) -> str:
    """Return a line for each patch: its state, its id and name, and the reason where there is one."""
    width = max((len(name) for name in states), default=0)
    return "".join(_line(name, state, width) for name, state in states.items())


def _line(name: str, state: PatchState, width: int) -> str:
    subject = f"{state.distribution} {state.version}" if state.version else state.distribution
    reason = f": {state.reason}" if state.reason else ""
    return f"{_WORDS[state.state]:<16}  {state.id}  {name:<{width}}  {subject}{reason}\n"


def render(
    target: Target,
    states: Mapping[str, PatchState],
    exit_code: int,
    *,
    diff: bytes | None = None,
    changed: Sequence[str] | None = None,
) -> str:
    """Return the states as one JSON object, with the diff and the files that were written where there are any."""
    document: dict[str, Any] = {**head(target), "patches": [_plain(name, state) for name, state in states.items()]}
    if diff is not None:
        document["diff"] = diff.decode("utf-8", "backslashreplace")
    if changed is not None:
        document["changed"] = list(changed)
    return json.dumps({**document, "exit_code": exit_code}, indent=2) + "\n"


def _plain(name: str, state: PatchState) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": state.id,
        "name": name,
        "distribution": state.distribution,
        "version": state.version,
        "file": state.file,
        "state": state.state,
    }
    return {**plain, "reason": state.reason} if state.reason else plain
