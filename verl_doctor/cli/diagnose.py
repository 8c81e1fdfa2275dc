"""`verl-doctor diagnose`: which known failure a log shows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.options import FactsFile, Format, OutputFormat, Prefix, Python, facts_in, the_host
from verl_doctor.errors import TargetError, UsageError

if TYPE_CHECKING:
    from verl_doctor.diagnose.diagnosis import Diagnosis
    from verl_doctor.diagnose.story import Story
    from verl_doctor.facts.snapshot import Facts

_INTERRUPTED = 130


def command(
    logs: Annotated[
        list[str],
        typer.Argument(metavar="LOG...", show_default=False, help="Logs, folders of logs, or - for standard input."),
    ],
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on reading a log that is being written, until its job has failed.")
    ] = False,
    python: Python = None,
    prefix: Prefix = None,
    facts: FactsFile = None,
    output: OutputFormat = Format.TEXT,
) -> int:
    """Say which known failure a training log shows, why, and what to do.

    Of all that went wrong the one cause is named, where it stands, and what only followed from it. Logs may be
    compressed (gzip, zstd, xz, bzip2) and of any size. The versions that a log tells count; the rest of the node is
    looked at where the log was written in the environment that is examined, or --python, --prefix or --facts name it.

    Exit codes: 0 no failure is seen, 1 the job failed, of a known cause or an unknown one, 2 a log cannot be read or
    the options do not go together, 3 the doctor could not do its work.
    """
    if facts and (python or prefix):
        raise UsageError("--facts already says which environment was scanned; leave out --python and --prefix.")
    from verl_doctor.diagnose import logs as opened
    from verl_doctor.diagnose.run import diagnosis, read_all, read_until_failed
    from verl_doctor.diagnose.signatures import of_everything
    from verl_doctor.diagnose.story import Story
    from verl_doctor.matrix.load import load as load_matrix

    matrix, story, names = load_matrix(), Story(signatures=of_everything()), opened.find(logs)
    is_interrupted = False
    try:
        if follow:
            read_until_failed(names, story, matrix)
        else:
            read_all(names, story)
    except KeyboardInterrupt:
        if not (follow and story.is_begun):
            raise
        is_interrupted = True
    found = diagnosis(names, story, facts_in(facts) if facts else _node(story, python, prefix), matrix)
    exit_code = _INTERRUPTED if is_interrupted else int(found.has_failed)
    _print(found, exit_code, output)
    return exit_code


def _node(story: Story, python: Path | None, prefix: Path | None) -> Facts | None:
    """Return the facts of the environment that is named, or of the active one if the log was written there."""
    from verl_doctor.diagnose.node import is_here
    from verl_doctor.facts.collect import collect
    from verl_doctor.knowledge.predicates import FACTS
    from verl_doctor.target import find

    if python and prefix:
        raise UsageError("--python and --prefix name two environments; give one of them.")
    host = the_host()
    try:
        target = find(host, python=python, prefix=prefix, own=Path(sys.prefix))
    except TargetError:
        if python or prefix:
            raise
        return None
    return collect(host, target, FACTS) if python or prefix or is_here(story, target) else None


def _print(found: Diagnosis, exit_code: int, output: Format) -> None:
    if output is Format.JSON:
        from verl_doctor.report.diagnose_json import render

        sys.stdout.write(render(found, exit_code) + "\n")
        return
    from verl_doctor.report.console import console
    from verl_doctor.report.diagnose_text import render as render_text

    render_text(found, console(sys.stdout))
