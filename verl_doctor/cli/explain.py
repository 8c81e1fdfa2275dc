"""`verl-doctor explain`: what is known about a check, a known failure, a patch or a probe."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Final

import typer

from verl_doctor.cli.options import Format, OutputFormat

if TYPE_CHECKING:
    from verl_doctor.explain.entry import Entry

_SMOKE_TEST: Final = "smoke test"


def command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID|NAME]", show_default=False, help="VD123 or its name; without any, all are listed."),
    ] = None,
    patches: Annotated[
        Path | None,
        typer.Option("--patches", metavar="DIR", readable=False, help="Add the patches of your own in this folder."),
    ] = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Explain a check, a known failure, a patch or a probe.

    When it occurs, what it looks like in a log, why, what cures it, and where that is known from. Of a probe of the
    smoke test: what it does, when it is tried, and what to do where it fails.
    """
    from verl_doctor.explain import entries

    own = _own(patches)
    found = (entries.named(name, own),) if name is not None else entries.everything(own)
    if output is Format.JSON:
        from verl_doctor.report.explain_json import render as render_json

        sys.stdout.write(render_json(found) + "\n")
        return 0
    from verl_doctor.explain.of_probes import probes
    from verl_doctor.report import explain_text

    if name is None:
        explain_text.render_all(
            {**{layer.value: each for layer, each in entries.by_layer(own).items()}, _SMOKE_TEST: probes()},
            explain_text.console(),
        )
    else:
        explain_text.render(found[0], explain_text.console())
    return 0


def _own(folder: Path | None) -> tuple[Entry, ...]:
    """Return what there is to read about a team's own patches: those installed beside verl-doctor, and in a folder."""
    from verl_doctor.explain.entries import of_patch
    from verl_doctor.patching import catalogue

    found = catalogue.everything(folder)
    installed = {patch.id for patch in (catalogue.everything() if folder else found).patches}
    built_in = {patch.id for patch in catalogue.built_in()}
    option = f"--patches {quote(str(folder))} "
    own = [patch for patch in found.patches if patch.id not in built_in]
    return tuple(of_patch(patch, "" if patch.id in installed else option) for patch in own)
