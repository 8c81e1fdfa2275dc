"""`verl-doctor diagnose`: which known failure a log shows."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.options import FactsFile, Format, OutputFormat, Prefix, Python, facts_in, the_host, the_target
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
    patience: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="With --follow: so long nothing must come for a job that failed to be over."
        ),
    ] = 60.0,
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
    from verl_doctor.diagnose import logs as opened
    from verl_doctor.diagnose.run import check_followed, diagnosis, read_all, read_until_failed
    from verl_doctor.diagnose.signatures import of_everything
    from verl_doctor.diagnose.story import Story
    from verl_doctor.matrix.load import load as load_matrix

    names = opened.find(logs)
    if follow:
        check_followed(names)
    given = _given(names, python, prefix, facts)
    matrix, story = load_matrix(), Story(signatures=of_everything())
    unread: dict[str, str] = {}
    is_interrupted = False
    try:
        if follow:
            read_until_failed(names[0], story, matrix, patience)
        else:
            unread = read_all(names, story)
    except KeyboardInterrupt:
        if not (follow and story.chapters):
            raise
        is_interrupted = True
    found = diagnosis(names, story, given or _here(story), matrix, unread)
    exit_code = _INTERRUPTED if is_interrupted else 1 if found.has_failed else 2 if unread else 0
    _print(found, exit_code, output)
    return exit_code


def _given(names: list[str], python: Path | None, prefix: Path | None, facts: Path | None) -> Facts | None:
    """Return the facts of the environment that the options name; None where they name none."""
    if facts and (python or prefix):
        raise UsageError("--facts already says which environment was scanned; leave out --python and --prefix.")
    if str(facts) == "-" and "-" in names:
        raise UsageError("Standard input cannot be both the log and the facts.")
    if facts:
        return facts_in(facts)
    if not (python or prefix):
        return None
    from verl_doctor.facts.collect import collect
    from verl_doctor.knowledge.predicates import FACTS

    host = the_host()
    return collect(host, the_target(host, python, prefix), FACTS)


def _here(story: Story) -> Facts | None:
    """Return the facts of the active environment, if the log was written there."""
    from verl_doctor.diagnose.node import is_here
    from verl_doctor.facts.collect import collect
    from verl_doctor.knowledge.predicates import FACTS
    from verl_doctor.target import find

    host = the_host()
    try:
        target = find(host, own=Path(sys.prefix))
    except TargetError:
        return None
    return collect(host, target, FACTS) if is_here(story, target) else None


def _print(found: Diagnosis, exit_code: int, output: Format) -> None:
    if output is Format.JSON:
        from verl_doctor.report.diagnose_json import render

        sys.stdout.write(render(found, exit_code) + "\n")
        return
    from verl_doctor.report.console import console
    from verl_doctor.report.diagnose_text import render as render_text

    render_text(found, console(sys.stdout))
