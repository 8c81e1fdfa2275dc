"""The states of patches as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from verl_doctor.facts.broken_patches import Broken
from verl_doctor.facts.patches import PatchState
from verl_doctor.patching.place import Place
from verl_doctor.patching.upgrade import Upgrade
from verl_doctor.report.head import head
from verl_doctor.target import Target

_WORDS: Final = {
    "applicable": "to be applied",
    "applied": "applied",
    "fixed-upstream": "not needed",
    "unrecognised": "not recognised",
    "absent": "nothing to patch",
}
_BY_NAME: Final = "can be applied"
_MISSING: Final = "file missing"

DONE: Final = {
    "preview": "would change",
    "check": "would change",
    "apply": "changed",
    "revert": "restored",
    "revert-preview": "would restore",
}
"""What is said of a file, by what was asked for."""


def text(
    states: Mapping[str, PatchState],
    *,
    broken: Sequence[Broken] = (),
    interrupted: Sequence[Place] = (),
    upgrades: Sequence[Upgrade] = (),
    whole: bool = False,
) -> str:
    """Return a line for each patch (its state, id, name, and the reason where there is one), and what else to know.

    Patches that have nothing to do are left out where there are others; with `whole` only those of distributions
    that are not installed.
    """
    concerned = {
        n: state
        for n, state in states.items()
        if state.version and (whole or state.state != "absent" or state.is_affected)
    }
    shown = concerned or states
    width = max((len(name) for name in shown), default=0)
    lines = [_line(name, state, width) for name, state in shown.items()]
    lines += [f"{'cannot be used':<16}  {each.origin}: {each.reason}\n" for each in broken]
    lines += [
        f"A run that changed {place.name} {place.version} was interrupted; the next --apply or --revert ends it.\n"
        for place in interrupted
    ]
    lines += [
        f"{each.distribution} {each.version} comes without {_listed(each.patches)} and fits what is installed: "
        f"{each.command}\n"
        for each in upgrades
    ]
    return "".join(lines)


def _line(name: str, state: PatchState, width: int) -> str:
    is_by_name = state.state == "applicable" and state.only_where
    is_missing = state.state == "absent" and state.is_affected
    word = _BY_NAME if is_by_name else _MISSING if is_missing else _WORDS[state.state]
    subject = f"{state.distribution} {state.version}" if state.version else state.distribution
    reason = f": only where {state.only_where}" if is_by_name else f": {state.reason}" if state.reason else ""
    return f"{word:<16}  {state.id}  {name:<{width}}  {subject}{reason}\n"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def render(  # noqa: PLR0913 # the parts of the contract
    target: Target,
    states: Mapping[str, PatchState],
    exit_code: int,
    *,
    broken: Sequence[Broken] = (),
    interrupted: Sequence[Place] = (),
    diff: bytes | None = None,
    changed: Sequence[str] | None = None,
    upgrades: Sequence[Upgrade] = (),
) -> str:
    """Return the states as one JSON object, with the diff and the files that were written where there are any."""
    document: dict[str, Any] = {**head(target), "patches": [_plain(name, state) for name, state in states.items()]}
    if broken:
        document["broken"] = [asdict(each) for each in broken]
    if interrupted:
        document["interrupted"] = [place.name for place in interrupted]
    if upgrades:
        document["upgrades"] = [asdict(each) for each in upgrades]
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
    optional = {
        "reason": state.reason,
        "is_affected": state.is_affected,
        "fixed_in": state.fixed_in,
        "only_where": state.only_where,
    }
    return plain | {key: value for key, value in optional.items() if value}
