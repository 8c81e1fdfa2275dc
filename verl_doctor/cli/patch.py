"""`verl-doctor patch`: what would change in an installed package, and changing it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.options import Format, OutputFormat, Prefix, Python, the_host, the_target
from verl_doctor.errors import UsageError
from verl_doctor.facts.packages import Distribution, collect

if TYPE_CHECKING:
    from verl_doctor.host import Host
    from verl_doctor.patching.catalogue import Catalogue
    from verl_doctor.patching.plan import Plan
    from verl_doctor.target import Target


class Mode(Enum):
    """What to do with the patches; PREVIEW is what happens without an option."""

    PREVIEW = "preview"
    APPLY = "apply"
    REVERT = "revert"
    PREVIEW_REVERT = "revert-preview"
    STATUS = "status"
    CHECK = "check"
    VERIFY = "verify-patch"


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID|NAME]...", help="The patches; where none is named, those that most nodes need."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the patches: all of them or, where one cannot be, none.")
    ] = False,
    revert: Annotated[bool, typer.Option("--revert", help="Bring the original files back.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Write nothing, print what would change; also with --revert. The default.")
    ] = False,
    status: Annotated[bool, typer.Option("--status", help="Only say in which state each patch is.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a patch is to be applied.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify-patch", help="Try the patches on their own examples; touch no environment.")
    ] = False,
    patches: Annotated[
        Path | None, typer.Option("--patches", metavar="DIR", help="Add the patches of your own in this folder.")
    ] = None,
    python: Python = None,
    prefix: Prefix = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Patch installed packages; show a diff first.

    Without an option nothing is written: what would change is shown. --apply changes it.

    The diff goes to standard output, what is said about it to standard error, so `verl-doctor patch --diff > FILE`
    gives a file that `git apply` and `patch -p1` take in the folder of installed packages.
    """
    from verl_doctor.patching import catalogue
    from verl_doctor.patching.leftovers import undone

    mode = _mode(diff=diff, apply=apply, revert=revert, status=status, check=check, **{"verify-patch": verify})
    known = catalogue.everything(patches)
    if mode is Mode.VERIFY:
        return _verify(known, names or [], output)
    host = the_host()
    target = the_target(host, python, prefix)
    packages = collect(host, target)
    if mode is Mode.STATUS:
        return _status(host, target, packages, known, names or [], output)
    plan = _carry_out(mode, host, target, packages, known, names or [])
    exit_code = _exit_code(mode, plan, known, is_half_done=bool(undone(target, packages)))
    _report(mode, plan, host, target, packages, known, output, exit_code)
    return exit_code


def _mode(*, diff: bool, **wanted: bool) -> Mode:
    chosen = [name for name, is_wanted in wanted.items() if is_wanted]
    if diff and chosen == ["revert"]:
        return Mode.PREVIEW_REVERT
    chosen += ["diff"] if diff else []
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} cannot be given together.")
    return Mode(chosen[0]) if chosen and not diff else Mode.PREVIEW


def _verify(known: Catalogue, names: list[str], output: Format) -> int:
    from verl_doctor.patching.verify import verify
    from verl_doctor.report import verification_report

    verified = [verify(patch) for patch in known.named(names)]
    exit_code = int(bool(known.broken) or any(verification.problems for verification in verified))
    render = verification_report.render if output is Format.JSON else verification_report.text
    sys.stdout.write(render(verified, known.broken, exit_code))
    return exit_code


def _status(
    host: Host,
    target: Target,
    packages: Mapping[str, Distribution],
    known: Catalogue,
    names: list[str],
    output: Format,
) -> int:
    from verl_doctor.patching.leftovers import interrupted
    from verl_doctor.patching.state import states
    from verl_doctor.report import patch_report

    found = states(host, target, packages, known.named(names))
    left = interrupted(target, packages)
    if output is Format.JSON:
        sys.stdout.write(patch_report.render(target, found, 0, broken=known.broken, interrupted=left))
    else:
        sys.stdout.write(patch_report.text(found, broken=known.broken, interrupted=left, whole=True))
    return 0


def _carry_out(
    mode: Mode,
    host: Host,
    target: Target,
    packages: Mapping[str, Distribution],
    known: Catalogue,
    names: list[str],
) -> Plan:
    from verl_doctor.patching import apply as writer
    from verl_doctor.patching.catalogue import usual
    from verl_doctor.patching.leftovers import require_finished
    from verl_doctor.patching.plan import plan_apply
    from verl_doctor.patching.revert import plan_revert

    named = known.named(names) if names else ()
    if mode is Mode.REVERT:
        return writer.revert(host, target, packages, named, known=known.patches)
    if mode is not Mode.CHECK and mode is not Mode.APPLY:
        require_finished(target, packages)
    if mode is Mode.PREVIEW_REVERT:
        return plan_revert(host, target, packages, named, known.patches)
    patches = named or usual(known.patches)
    if mode is Mode.APPLY:
        return writer.apply(host, target, packages, patches)
    return plan_apply(host, target, packages, patches)


def _exit_code(mode: Mode, plan: Plan, known: Catalogue, *, is_half_done: bool) -> int:
    """Return 1 where a patch is pending though none should be, or one that was to be applied cannot be used."""
    if mode is Mode.CHECK:
        return int(bool(plan.edits or known.broken or is_half_done))
    return int(mode is Mode.APPLY and bool(known.broken))


def _report(
    mode: Mode,
    plan: Plan,
    host: Host,
    target: Target,
    packages: Mapping[str, Distribution],
    known: Catalogue,
    output: Format,
    exit_code: int,
) -> None:
    from verl_doctor.patching.leftovers import interrupted
    from verl_doctor.patching.state import states
    from verl_doctor.patching.upgrade import offers
    from verl_doctor.report import patch_report

    is_written = mode in {Mode.APPLY, Mode.REVERT}
    found = states(host, target, packages, known.named(list(plan.states))) if is_written else plan.states
    changed = [str(edit.path) for edit in plan.edits]
    left = interrupted(target, packages)
    upgrades = offers(target, packages, plan.states) if mode in {Mode.PREVIEW, Mode.CHECK} else ()
    if output is Format.JSON:
        document = patch_report.render(
            target,
            found,
            exit_code,
            broken=known.broken,
            interrupted=left,
            diff=plan.diff(),
            changed=changed if is_written else None,
            upgrades=upgrades,
        )
        sys.stdout.write(document)
        return
    if mode in {Mode.PREVIEW, Mode.PREVIEW_REVERT}:
        sys.stdout.buffer.write(plan.diff())
        sys.stdout.flush()
    sys.stderr.write(patch_report.text(found, broken=known.broken, interrupted=left, upgrades=upgrades))
    sys.stderr.writelines(f"{patch_report.DONE[mode.value]} {path}\n" for path in changed)
