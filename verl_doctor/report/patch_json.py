"""The states of patches as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from verl_doctor.facts.broken_patches import Broken
from verl_doctor.facts.patches import PatchState
from verl_doctor.patching.place import Place
from verl_doctor.patching.recorded import Records
from verl_doctor.patching.upgrade import Upgrade
from verl_doctor.report.head import head
from verl_doctor.target import Target


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
    records: Records = Records(),  # noqa: B008 # it is frozen
) -> str:
    """Return the states as one JSON object, with the diff and the files that were written where there are any."""
    document: dict[str, Any] = {**head(target), "patches": [plain(name, state) for name, state in states.items()]}
    if broken:
        document["broken"] = [asdict(each) for each in broken]
    if found := [place.name for place in interrupted if place.is_installed]:
        document["interrupted"] = found
    if left := [str(place.metadata) for place in interrupted if not place.is_installed]:
        document["left_over"] = left
    if records.found:
        document["receipts"] = [{**asdict(each), "is_known": each.patch in states} for each in records.found]
    if records.unreadable:
        document["unreadable"] = list(records.unreadable)
    if upgrades:
        document["upgrades"] = [asdict(each) for each in upgrades]
    if diff is not None:
        document["diff"] = diff.decode("utf-8", "backslashreplace")
    if changed is not None:
        document["changed"] = list(changed)
    return json.dumps({**document, "exit_code": exit_code}, indent=2) + "\n"


def plain(name: str, state: PatchState) -> dict[str, Any]:
    """Return a state as plain values."""
    always: dict[str, Any] = {
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
    return always | {key: value for key, value in optional.items() if value}
