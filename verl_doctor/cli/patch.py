"""`verl-doctor patch`: what would change in an installed package, and changing it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.everywhere import NodeDeadline, Ray, require_no_deadline, sweep, the_cluster
from verl_doctor.cli.options import Format, OutputFormat, Prefix, Python, the_host, the_target
from verl_doctor.cli.patch_asked import Asked, Mode
from verl_doctor.cli.patch_asked import mode as mode_of
from verl_doctor.errors import UsageError
from verl_doctor.facts.packages import collect

if TYPE_CHECKING:
    from verl_doctor.host import Host
    from verl_doctor.patching.catalogue import Catalogue


_ON_NODES = {Mode.STATUS: "--status", Mode.CHECK: "--check", Mode.APPLY: "--apply", Mode.REVERT: "--revert"}
"""What can be done on every node of a cluster."""


def command(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID|NAME]...", help="The patches; where none is named, those that most nodes need."),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Apply the patches: all of them or, where code is not recognised, none.")
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
        list[Path] | None,
        typer.Option(
            "--patches",
            metavar="DIR",
            readable=False,
            help="Add the patches of your own in this folder. May be given again.",
        ),
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

    mode = mode_of(diff=diff, apply=apply, revert=revert, status=status, check=check, **{"verify-patch": verify})
    _require_no_option_among(names or ())
    if ray is not None:
        if patches:
            raise UsageError("--patches names a folder of this machine; with --ray install such patches as a package.")
        return _everywhere(the_host(), mode, names or (), ray, node_deadline, (python, prefix), output)
    require_no_deadline(node_deadline)
    folders = tuple({os.path.realpath(folder): folder for folder in patches or ()}.values())
    known = catalogue.everything(*folders)
    if mode is Mode.VERIFY:
        return _verify(known, names or [], output)
    host = the_host()
    target = the_target(host, python, prefix)
    asked = Asked(
        mode=mode,
        names=tuple(names or ()),
        known=known,
        output=output,
        host=host,
        target=target,
        packages=collect(host, target),
        folders=folders,
    )
    if mode is Mode.STATUS:
        return _status(asked)
    from verl_doctor.cli import patch_change

    return patch_change.run(asked)


def _require_no_option_among(names: Sequence[str]) -> None:
    """Raise UsageError for a name that is an option without its dashes."""
    options = {"diff", *(mode.value for mode in Mode)} - {Mode.PREVIEW.value, Mode.PREVIEW_REVERT.value}
    if word := next((name for name in names if name.casefold() in options), None):
        raise UsageError(f"There is no patch {word}; did you mean --{word.casefold()}?")


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


def _status(asked: Asked) -> int:
    from verl_doctor.patching.leftovers import interrupted
    from verl_doctor.patching.recorded import recorded

    records = recorded(asked.host, asked.target, asked.packages)
    elsewhere = {name.casefold() for name in asked.known.unknown(asked.names)} & records.patches
    here = [name for name in asked.names if name.casefold() not in elsewhere]
    found = asked.states(asked.known.named(here) if here or not asked.names else ())
    if asked.names:
        records = records.about({*elsewhere, *found})
    left = interrupted(asked.target, asked.packages)
    if asked.output is Format.JSON:
        from verl_doctor.report.patch_json import render

        sys.stdout.write(render(asked.target, found, 0, broken=asked.known.broken, interrupted=left, records=records))
    else:
        from verl_doctor.report.hang import width_of
        from verl_doctor.report.patch_text import examined, text

        width = width_of(sys.stdout)
        sys.stdout.write(examined(asked.target, width))
        sys.stdout.write(
            text(found, broken=asked.known.broken, interrupted=left, records=records, whole=True, width=width)
        )
    return 0
