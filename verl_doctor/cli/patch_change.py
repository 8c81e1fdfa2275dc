"""`verl-doctor patch` where files change, or what would change is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final

from verl_doctor import endings, streams
from verl_doctor.cli.options import Format
from verl_doctor.cli.patch_asked import Asked, Mode
from verl_doctor.errors import DoctorError, PatchRefusedError, StoppedError, WriteFailedError

if TYPE_CHECKING:
    from verl_doctor.facts.patches import PatchState
    from verl_doctor.patching.plan import Plan
    from verl_doctor.patching.upgrade import Upgrade


_AFTER_ALL: Final = " after everything was written"


def run(asked: Asked) -> int:
    """Carry out what is asked, or show it."""
    if not asked.is_taken_back:
        asked.known.named(asked.names)  # wrong usage is told before anything else
    if asked.output is Format.TEXT:
        _examined(asked)
    with _all_or_told(asked):
        plan = _carried_out(asked)
    with _written_anyway(asked, plan):
        upgrades = _upgrades(asked, plan)
        exit_code = _exit_code(asked, plan)
        if asked.output is Format.JSON:
            _write_json(asked, plan, upgrades, exit_code)
        else:
            _offer(asked, upgrades)
            _write_text(asked, plan)
    return exit_code


def _examined(asked: Asked) -> None:
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import examined

    sys.stderr.write(examined(asked.target, width_of(sys.stderr)))


@contextmanager
def _all_or_told(asked: Asked) -> Iterator[None]:
    """Say in words of what was asked what kept it from being done; signals that end the process leave it undone."""
    from verl_doctor.cli import patch_refused

    try:
        with endings.as_interrupts() if asked.is_written else nullcontext():
            yield
    except PatchRefusedError as error:
        if asked.names and not asked.is_taken_back and asked.output is Format.TEXT:
            sys.stderr.write(_text(asked, asked.states(asked.patches)))
        raise patch_refused.refused(asked, error) from error
    except WriteFailedError as error:
        raise patch_refused.explained(error) from error
    except KeyboardInterrupt:
        if not asked.is_written:
            raise
        raise StoppedError(f"{endings.how()}{_left_by_an_interrupt(asked)}", endings.exit_code()) from None


def _carried_out(asked: Asked) -> Plan:
    """Return the plan that was carried out, or would be."""
    from verl_doctor.patching.leftovers import require_finished

    if asked.mode in {Mode.PREVIEW, Mode.PREVIEW_REVERT}:
        require_finished(asked.target, asked.packages)
    return _reverted(asked, asked.mode) if asked.is_taken_back else _applied(asked, asked.mode)


def _applied(asked: Asked, mode: Mode) -> Plan:
    from verl_doctor.patching.apply import apply
    from verl_doctor.patching.plan import plan_apply

    make = apply if mode is Mode.APPLY else plan_apply
    return make(asked.host, asked.target, asked.packages, asked.patches)


def _reverted(asked: Asked, mode: Mode) -> Plan:
    from verl_doctor.patching.apply import revert
    from verl_doctor.patching.revert import plan_revert

    recorded = asked.known.unknown(asked.names)  # maybe of a patch of a team's own, which need not be here
    here = [name for name in asked.names if name not in recorded]
    named = asked.known.named(here) if here else ()
    make = revert if mode is Mode.REVERT else plan_revert
    return make(asked.host, asked.target, asked.packages, named, known=asked.known.patches, recorded=recorded)


def _left_by_an_interrupt(asked: Asked) -> str:
    """Say what an interrupt found done, as the end of a sentence."""
    from verl_doctor.patching.leftovers import undone

    if undone(asked.target, asked.packages):
        return "; the next --apply or --revert first puts back what was written."
    try:
        plan = _reverted(asked, Mode.PREVIEW_REVERT) if asked.is_taken_back else _applied(asked, Mode.PREVIEW)
    except DoctorError:
        return "; nothing was changed."
    return "; nothing was changed." if plan.edits else _AFTER_ALL + _left_to_do(asked)


def _left_to_do(asked: Asked) -> str:
    from verl_doctor.patching.leftovers import interrupted

    is_untidy = bool(interrupted(asked.target, asked.packages))
    return "; the next --apply or --revert tidies up." if is_untidy else "; nothing is left to do."


@contextmanager
def _written_anyway(asked: Asked, plan: Plan) -> Iterator[None]:
    """Say that files were changed where only the report of that could not be given."""
    if not asked.is_written or not plan.edits:
        yield
        return
    try:
        yield
        sys.stdout.flush()
    except streams.OutputError as error:
        streams.give_up_output()
        done = "restored" if asked.is_taken_back else "changed"
        raise WriteFailedError(
            f"{_files(plan)} {done} as asked, but standard output cannot be written: {error.strerror}."
        ) from error
    except KeyboardInterrupt:
        raise StoppedError(f"{endings.how()}{_AFTER_ALL}{_left_to_do(asked)}", endings.exit_code()) from None


def _files(plan: Plan) -> str:
    return f"{len(plan.edits)} files are" if len(plan.edits) > 1 else f"{plan.edits[0].path} is"


def _upgrades(asked: Asked, plan: Plan) -> Sequence[Upgrade]:
    """Return the releases that would do instead of what is planned."""
    if asked.is_taken_back or not plan.edits:
        return ()
    from verl_doctor.patching.upgrade import offers

    return offers(asked.target, asked.packages, plan.states)


def _offer(asked: Asked, upgrades: Sequence[Upgrade]) -> None:
    if not upgrades:
        return
    from verl_doctor.fitting import is_constrained
    from verl_doctor.matrix.load import load
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import offered

    versions = {name: found.version for name, found in asked.packages.items()}
    fitting = {each for each in upgrades if is_constrained(load(), versions, each.distribution, each.version)}
    is_image = asked.target.root != "/"
    sys.stderr.write(offered(upgrades, width_of(sys.stderr), fitting=fitting, is_image=is_image))


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
    from verl_doctor.report.patch_text import DONE, NOTHING_DONE

    if asked.mode in {Mode.PREVIEW, Mode.PREVIEW_REVERT}:
        sys.stdout.buffer.write(plan.diff())
        sys.stdout.flush()
    done = [f"{DONE[asked.mode.value]} {edit.path}\n" for edit in plan.edits]
    if asked.is_written and not done:
        done = [f"{NOTHING_DONE[asked.mode.value]}\n"]
    states = _states(asked, plan)
    sys.stderr.writelines([*done, states] if asked.is_taken_back else [states, *done])
    sys.stderr.writelines(_shared(asked, plan))
    if missing := asked.missing(plan.states):
        _missing(missing)


def _shared(asked: Asked, plan: Plan) -> Iterator[str]:
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import seen_by_others

    for place in dict.fromkeys(edit.place for edit in plan.edits):
        if place.is_foreign(asked.host):
            yield seen_by_others(place, width_of(sys.stderr))


def _states(asked: Asked, plan: Plan) -> str:
    """Return what is told of the patches: with --revert only of those that are taken back."""
    found = _found(asked, plan)
    if asked.is_taken_back:
        touched = {patch for edit in plan.edits for patch in edit.patches}
        found = {name: state for name, state in found.items() if name in touched or asked.names}
    return _text(asked, found)


def _text(asked: Asked, states: Mapping[str, PatchState]) -> str:
    from verl_doctor.patching.leftovers import interrupted
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import text

    left, width = interrupted(asked.target, asked.packages), width_of(sys.stderr)
    return text(states, broken=asked.known.broken, interrupted=left, whole=bool(asked.names), width=width)


def _missing(states: Sequence[PatchState]) -> None:
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import missing

    sys.stderr.write(missing(states, width_of(sys.stderr)))
