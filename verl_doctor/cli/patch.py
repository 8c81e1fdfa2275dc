"""`verl-doctor patch`: what would change in an installed package, and changing it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.everywhere import NodeDeadline, Ray, require_no_deadline, sweep, the_cluster
from verl_doctor.cli.options import Format, OutputFormat, Prefix, Python, the_host, the_target
from verl_doctor.errors import UsageError
from verl_doctor.facts.packages import Distribution, collect

if TYPE_CHECKING:
    from verl_doctor.facts.patches import PatchState
    from verl_doctor.host import Host
    from verl_doctor.patching.catalogue import Catalogue
    from verl_doctor.patching.patch import Patch
    from verl_doctor.patching.plan import Plan
    from verl_doctor.patching.upgrade import Upgrade
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


_ON_NODES = {Mode.STATUS: "--status", Mode.CHECK: "--check", Mode.APPLY: "--apply", Mode.REVERT: "--revert"}
"""What can be done on every node of a cluster."""


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
        Path | None,
        typer.Option("--patches", metavar="DIR", readable=False, help="Add the patches of your own in this folder."),
    ] = None,
    python: Python = None,
    prefix: Prefix = None,
    output: OutputFormat = Format.TEXT,
    ray: Ray = None,
    node_deadline: NodeDeadline = None,
) -> int:
    """Patch installed packages; show a diff first.

    Without an option nothing is written: what would change is shown. --apply changes it.

    The diff goes to standard output, what is said about it to standard error, so `verl-doctor patch --diff > FILE`
    gives a file that `git apply` and `patch -p1` take in the folder of installed packages or, where files of a
    checkout change as well, in the folder that its first line names.
    """
    from verl_doctor.patching import catalogue

    mode = _mode(diff=diff, apply=apply, revert=revert, status=status, check=check, **{"verify-patch": verify})
    if ray is not None:
        if patches is not None:
            raise UsageError("--patches names a folder of this machine; with --ray install such patches as a package.")
        return _everywhere(the_host(), mode, names or (), ray, node_deadline, (python, prefix), output)
    require_no_deadline(node_deadline)
    known = catalogue.everything(patches)
    if mode is Mode.VERIFY:
        return _verify(known, names or [], output)
    host = the_host()
    target = the_target(host, python, prefix)
    asked = _Asked(
        mode=mode,
        names=tuple(names or ()),
        known=known,
        output=output,
        host=host,
        target=target,
        packages=collect(host, target),
    )
    return _status(asked) if mode is Mode.STATUS else _change(asked)


def _everywhere(
    host: Host,
    mode: Mode,
    names: Sequence[str],
    address: str,
    deadline: float | None,
    place: tuple[Path | None, Path | None],
    output: Format,
) -> int:
    """Do the same on every node: each plans and writes for itself, all or nothing."""
    from verl_doctor.patching import catalogue

    if mode not in _ON_NODES:
        raise UsageError("With --ray give --status, --check, --apply or --revert; a diff is shown for one node.")
    catalogue.everything().named(names)
    command = ("patch", _ON_NODES[mode], "--format", "json", "--python", "{python}", *names)
    cluster = the_cluster(host, the_target(host, *place), address)
    found = sweep(cluster, command, deadline, compiled=mode is not Mode.STATUS)
    exit_code = found.exit_code(each.status or 0 for each in found.reports)
    if output is Format.JSON:
        from verl_doctor.report.cluster_json import render

        sys.stdout.write(render(found, "patch", exit_code) + "\n")
    else:
        from verl_doctor.report import cluster_text
        from verl_doctor.report.console import console

        cluster_text.patch(found, console(sys.stdout))
    return exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked for, of which patches, and where."""

    mode: Mode
    names: Sequence[str]
    known: Catalogue
    output: Format
    host: Host
    target: Target
    packages: Mapping[str, Distribution]

    @property
    def is_written(self) -> bool:
        """Whether files are to be changed."""
        return self.mode in {Mode.APPLY, Mode.REVERT}

    @property
    def patches(self) -> tuple[Patch, ...]:
        """The patches to apply: those named, else those that most environments need."""
        from verl_doctor.patching.catalogue import usual

        return self.known.named(self.names) if self.names else usual(self.known.patches)

    def states(self, patches: Sequence[Patch]) -> Mapping[str, PatchState]:
        """Return what these patches find."""
        from verl_doctor.patching.state import states

        return states(self.host, self.target, self.packages, patches) if patches else {}


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
    from verl_doctor.report.hang import width_of

    verified = [verify(patch) for patch in known.named(names)]
    exit_code = int(bool(known.broken) or any(verification.problems for verification in verified))
    if output is Format.JSON:
        sys.stdout.write(verification_report.render(verified, known.broken, exit_code))
    else:
        sys.stdout.write(verification_report.text(verified, known.broken, width=width_of(sys.stdout)))
    return exit_code


def _status(asked: _Asked) -> int:
    from verl_doctor.patching.leftovers import interrupted

    found = asked.states(asked.known.named(asked.names))
    left = interrupted(asked.target, asked.packages)
    if asked.output is Format.JSON:
        from verl_doctor.report.patch_json import render

        sys.stdout.write(render(asked.target, found, 0, broken=asked.known.broken, interrupted=left))
    else:
        from verl_doctor.report.hang import width_of
        from verl_doctor.report.patch_text import text

        width = width_of(sys.stdout)
        sys.stdout.write(text(found, broken=asked.known.broken, interrupted=left, whole=True, width=width))
    return 0


def _change(asked: _Asked) -> int:
    """Carry out what is asked, or show it. An upgrade is offered before anything is patched."""
    from verl_doctor.patching.upgrade import offers

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


def _offer(upgrades: Sequence[Upgrade]) -> None:
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import offered

    sys.stderr.write(offered(upgrades, width_of(sys.stderr)))


def _applied(asked: _Asked) -> Plan:
    from verl_doctor.patching.apply import apply
    from verl_doctor.patching.leftovers import require_finished
    from verl_doctor.patching.plan import plan_apply

    if asked.mode is Mode.PREVIEW:
        require_finished(asked.target, asked.packages)
    make = apply if asked.mode is Mode.APPLY else plan_apply
    return make(asked.host, asked.target, asked.packages, asked.patches)


def _reverted(asked: _Asked) -> Plan:
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


def _exit_code(asked: _Asked, plan: Plan) -> int:
    """Return 1 where a patch is pending though none should be, or one that was to be applied cannot be used."""
    from verl_doctor.patching.leftovers import undone

    if asked.mode is Mode.CHECK:
        return int(bool(plan.edits or asked.known.broken or undone(asked.target, asked.packages)))
    return int(asked.mode is Mode.APPLY and bool(asked.known.broken))


def _found(asked: _Asked, plan: Plan) -> Mapping[str, PatchState]:
    """Return the states that the patches are in now."""
    return asked.states(asked.known.named(list(plan.states))) if asked.is_written and plan.states else plan.states


def _write_json(asked: _Asked, plan: Plan, upgrades: Sequence[Upgrade], exit_code: int) -> None:
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


def _write_text(asked: _Asked, plan: Plan) -> None:
    from verl_doctor.patching.leftovers import interrupted
    from verl_doctor.report.hang import width_of
    from verl_doctor.report.patch_text import DONE, text

    if asked.mode in {Mode.PREVIEW, Mode.PREVIEW_REVERT}:
        sys.stdout.buffer.write(plan.diff())
        sys.stdout.flush()
    left = interrupted(asked.target, asked.packages)
    found = _found(asked, plan)
    sys.stderr.write(text(found, broken=asked.known.broken, interrupted=left, width=width_of(sys.stderr)))
    sys.stderr.writelines(f"{DONE[asked.mode.value]} {edit.path}\n" for edit in plan.edits)
    if asked.is_written and not plan.edits:
        sys.stderr.write("Nothing was to be changed.\n")
