"""`verl-doctor explain`: what is known about a check, a known failure, a patch or a probe."""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer

from verl_doctor.cli.options import Format, OutputFormat

_SMOKE_TEST: Final = "smoke test"


def command(
    name: Annotated[
        str | None,
        typer.Argument(metavar="[ID|NAME]", show_default=False, help="VD123 or its name; without any, all are listed."),
    ] = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Explain a check, a known failure, a patch or a probe.

    When it occurs, what it looks like in a log, why, what cures it, and where that is known from. Of a probe of the
    smoke test: what it does, when it is tried, and what to do where it fails.
    """
    from verl_doctor.explain import entries

    found = (entries.named(name),) if name is not None else entries.everything()
    if output is Format.JSON:
        from verl_doctor.report.explain_json import render as render_json

        sys.stdout.write(render_json(found) + "\n")
        return 0
    from verl_doctor.explain.of_probes import probes
    from verl_doctor.report import explain_text

    if name is None:
        explain_text.render_all(
            {**{layer.value: each for layer, each in entries.by_layer().items()}, _SMOKE_TEST: probes()},
            explain_text.console(),
        )
    else:
        explain_text.render(found[0], explain_text.console())
    return 0
