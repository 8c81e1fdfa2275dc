"""`verl-doctor patch`: what would change in an installed package, and changing it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.options import Format, OutputFormat, Prefix, Python, the_host, the_target
from verl_doctor.errors import UsageError
from verl_doctor.facts.packages import Distribution, collect

if TYPE_CHECKING:
    from verl_doctor.host import Host
    from verl_doctor.patching.plan import Plan
    from verl_doctor.target import Target


class Mode(Enum):
    """What to do with the patches; PREVIEW is what happens without an option."""

    PREVIEW = "preview"
    APPLY = "apply"
    REVERT = "revert"
    STATUS = "status"
    CHECK = "check"


def command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ID|NAME]...", help="The patches; all where none is named.")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the patches: all of them or, where one cannot be, none.")
    ] = False,
    revert: Annotated[bool, typer.Option("--revert", help="Bring the original files back.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Only say in which state each patch is.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a patch is to be applied.")
    ] = False,
    python: Python = None,
    prefix: Prefix = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Patch installed packages; show a diff first.

    Without an option nothing is written: what would change is shown. --apply changes it.

    The diff goes to standard output, what is said about it to standard error, so `verl-doctor patch > FILE` gives a
    file that `git apply` and `patch -p1` take in the folder of installed packages.
    """
    mode = _mode(apply=apply, revert=revert, status=status, check=check)
    host = the_host()
    target = the_target(host, python, prefix)
    packages = collect(host, target)
    if mode is Mode.STATUS:
        return _status(host, target, packages, names or [], output)
    plan = _carry_out(mode, host, target, packages, names or [])
    exit_code = 1 if mode is Mode.CHECK and plan.edits else 0
    _report(mode, plan, host, target, packages, output, exit_code)
    return exit_code


def _mode(**wanted: bool) -> Mode:
    chosen = [name for name, is_wanted in wanted.items() if is_wanted]
    if len(chosen) > 1:
        raise UsageError(f"--{chosen[0]} and --{chosen[1]} cannot be given together.")
    return Mode(chosen[0]) if chosen else Mode.PREVIEW


def _status(host: Host, target: Target, packages: Mapping[str, Distribution], names: list[str], output: Format) -> int:
    from verl_doctor.patching.catalogue import load
    from verl_doctor.patching.state import states
    from verl_doctor.report import patch_report

    found = states(host, target, packages, load(names))
    sys.stdout.write(patch_report.render(target, found, 0) if output is Format.JSON else patch_report.text(found))
    return 0


def _carry_out(mode: Mode, host: Host, target: Target, packages: Mapping[str, Distribution], names: list[str]) -> Plan:
    from verl_doctor.patching import apply as writer
    from verl_doctor.patching.catalogue import load
    from verl_doctor.patching.plan import plan_apply

    patches = load(names) if names else ()
    if mode is Mode.APPLY:
        return writer.apply(host, target, packages, patches)
    if mode is Mode.REVERT:
        return writer.revert(host, target, packages, patches)
    return plan_apply(host, target, packages, patches)


def _report(
    mode: Mode,
    plan: Plan,
    host: Host,
    target: Target,
    packages: Mapping[str, Distribution],
    output: Format,
    exit_code: int,
) -> None:
    from verl_doctor.patching.catalogue import load
    from verl_doctor.patching.state import states
    from verl_doctor.report import patch_report

    is_written = mode in {Mode.APPLY, Mode.REVERT}
    found = states(host, target, packages, load(list(plan.states))) if is_written else plan.states
    changed = [str(edit.path) for edit in plan.edits]
    if output is Format.JSON:
        written = changed if is_written else None
        sys.stdout.write(patch_report.render(target, found, exit_code, diff=plan.diff(), changed=written))
        return
    if mode is Mode.PREVIEW:
        sys.stdout.buffer.write(plan.diff())
        sys.stdout.flush()
    sys.stderr.write(patch_report.text(found))
    sys.stderr.writelines(f"{patch_report.DONE[mode.value]} {path}\n" for path in changed)
