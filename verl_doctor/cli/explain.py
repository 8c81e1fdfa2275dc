"""`verl-doctor explain`: what is known about a check, a known failure or a patch."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from verl_doctor.cli.options import Format, OutputFormat


def command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID|NAME]", show_default=False, help="VD123 or its name; without any, all are listed."),
    ] = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Explain a check, a known failure or a patch.

    When it occurs, what it looks like in a log, why, what cures it, and where that is known from.
    """
    from verl_doctor.explain import entries

    found = (entries.named(name),) if name is not None else entries.entries()
    if output is Format.JSON:
        from verl_doctor.report.explain_json import render as render_json

        sys.stdout.write(render_json(found) + "\n")
        return 0
    from verl_doctor.report import explain_text

    if name is None:
        explain_text.render_all(entries.by_layer(), explain_text.console())
    else:
        explain_text.render(found[0], explain_text.console())
    return 0
