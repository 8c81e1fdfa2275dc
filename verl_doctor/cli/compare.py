"""`verl-doctor compare`: what differs between nodes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from verl_doctor.cli.options import Format, OutputFormat
from verl_doctor.cli.severity import FailOn


def command(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            readable=False,
            help="Facts of two nodes or more: files of one node each, .jsonl files of one node a line, folders of such "
            "files, what `facts --ray` wrote, - for lines of standard input.",
        ),
    ],
    output: OutputFormat = Format.TEXT,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.ERROR,
) -> int:
    """Say what differs between nodes.

    `verl-doctor facts` on every node writes what is compared: through srun, ssh, kubectl or `--ray`. A node is called
    as its file is, without the ending. What matters to a training comes first; nodes that are unlike most are named.

    Exit codes: 0 the nodes agree, 1 they differ, 2 fewer than two can be compared, 3 some could not be read.
    """
    from verl_doctor.fleet.gather import of_files
    from verl_doctor.model import Severity

    comparison = of_files(files)
    exit_code = 1 if comparison.fails(Severity(fail_on.value)) else 3 if comparison.unreadable else 0
    if output is Format.JSON:
        from verl_doctor.report.compare_json import render as render_json

        sys.stdout.write(render_json(comparison, exit_code) + "\n")
    else:
        from verl_doctor.report.compare_text import render
        from verl_doctor.report.console import console

        render(comparison, console(sys.stdout))
    return exit_code
