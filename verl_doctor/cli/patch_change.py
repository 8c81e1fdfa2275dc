"""`verl-doctor patch` where files change, or what would change is shown."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from verl_doctor.cli.options import Format
from verl_doctor.cli.patch_asked import Asked, Mode

if TYPE_CHECKING:
    from verl_doctor.facts.patches import PatchState
    from verl_doctor.patching.plan import Plan
    from verl_doctor.patching.upgrade import Upgrade


def run(asked: Asked) -> int:
    """Carry out what is asked, or show it. An upgrade is offered before anything is patched."""
    from verl_doctor.patching.upgrade import offers

    if asked.output is Format.TEXT:
        _examined(asked)
    is_reverted = asked.mode in {Mode.REVERT, Mode.PREVIEW_REVERT}
    upgrades = () if is_reverted else offers(asked.target, asked.packages, asked.states(asked.patches))
    if upgrades and asked.output is Format.TEXT:
        _offer(upgrades)
    plan = _reverted(asked) if is_reverted else _applied(asked)
    exit_code = _exit_code(asked, plan)
    if asked.output is Format.JSON:
        _write_json(asked, plan, upgrades, exit_code)
    else:
        _write_text(asked, plan)
    return exit_code


def _examined(asked: Asked) -> None:
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import examined

    sys.stderr.write(examined(asked.target, width_of(sys.stderr)))


def _offer(upgrades: Sequence[Upgrade]) -> None:
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import offered

    sys.stderr.write(offered(upgrades, width_of(sys.stderr)))


def _applied(asked: Asked) -> Plan:
    from verl_doctor.patching.apply import apply
    from verl_doctor.patching.leftovers import require_finished
    from verl_doctor.patching.plan import plan_apply

    if asked.mode is Mode.PREVIEW:
        require_finished(asked.target, asked.packages)
    make = apply if asked.mode is Mode.APPLY else plan_apply
    return make(asked.host, asked.target, asked.packages, asked.patches)


def _reverted(asked: Asked) -> Plan:
    from verl_doctor.patching.apply import revert
    from verl_doctor.patching.leftovers import require_finished
    from verl_doctor.patching.revert import plan_revert

    if asked.mode is Mode.PREVIEW_REVERT:
        require_finished(asked.target, asked.packages)
    recorded = asked.known.unknown(asked.names)  # maybe of a patch of a team's own, which need not be here
    here = [name for name in asked.names if name not in recorded]
    named = asked.known.named(here) if here else ()
    make = revert if asked.mode is Mode.REVERT else plan_revert
    return make(asked.host, asked.target, asked.packages, named, known=asked.known.patches, recorded=recorded)


def _exit_code(asked: Asked, plan: Plan) -> int:
    """Return 1 where a patch is pending though none should be, or one that was to be applied cannot be."""
    from verl_doctor.patching.leftovers import undone

    is_pending = asked.mode is Mode.CHECK and bool(plan.edits or undone(asked.target, asked.packages))
    is_wanted = asked.mode in {Mode.APPLY, Mode.CHECK}
    return int(is_pending or (is_wanted and bool(asked.known.broken or asked.missing(plan.states))))


def _found(asked: Asked, plan: Plan) -> Mapping[str, PatchState]:
    """Return the states that the patches are in now."""
    return asked.states(asked.known.named(list(plan.states))) if asked.is_written and plan.states else plan.states


def _write_json(asked: Asked, plan: Plan, upgrades: Sequence[Upgrade], exit_code: int) -> None:
    from verl_doctor.patching.leftovers import interrupted
    from verl_doctor.report.patch_json import render

    document = render(
        asked.target,
        _found(asked, plan),
        exit_code,
        broken=asked.known.broken,
        interrupted=interrupted(asked.target, asked.packages),
        diff=plan.diff(),
        changed=[str(edit.path) for edit in plan.edits] if asked.is_written else None,
        upgrades=upgrades,
    )
    sys.stdout.write(document)


def _write_text(asked: Asked, plan: Plan) -> None:
    from verl_doctor.patching.leftovers import interrupted
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import DONE, missing, text

    if asked.mode in {Mode.PREVIEW, Mode.PREVIEW_REVERT}:
        sys.stdout.buffer.write(plan.diff())
        sys.stdout.flush()
    left, width = interrupted(asked.target, asked.packages), width_of(sys.stderr)
    found = _found(asked, plan)
    sys.stderr.write(text(found, broken=asked.known.broken, interrupted=left, whole=bool(asked.names), width=width))
    sys.stderr.writelines(f"{DONE[asked.mode.value]} {edit.path}\n" for edit in plan.edits)
    if asked.is_written and not plan.edits:
        sys.stderr.write("Nothing was to be changed.\n")
    sys.stderr.write(missing(asked.missing(found), width))
