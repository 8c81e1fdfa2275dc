"""`verl-doctor check`: what is wrong here, the cause first."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.deep import Deadline, Deep, with_imports
from verl_doctor.cli.options import FactsFile, Format, OutputFormat, Prefix, Python, facts_in, the_host, the_target
from verl_doctor.cli.severity import FailOn
from verl_doctor.errors import UsageError

if TYPE_CHECKING:
    from verl_doctor.facts.snapshot import Facts


def command(
    python: Python = None,
    prefix: Prefix = None,
    facts: FactsFile = None,
    output: OutputFormat = Format.TEXT,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 from this severity on.")] = FailOn.ERROR,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Live with this failure: shown, but not counted. May be given again."),
    ] = None,
    deep: Deep = False,
    deadline: Deadline = None,
    with_facts: Annotated[bool, typer.Option("--with-facts", help="Put the facts into the JSON report.")] = False,
) -> int:
    """Say what is wrong here, the cause first.

    The verdict on whether this node can run verl, the one cause if not, and the commands that cure it.

    Without --deep nothing is imported from the examined environment, nothing is written, no connection is made.
    """
    from verl_doctor.examine import examine
    from verl_doctor.matrix.load import load as load_matrix
    from verl_doctor.model import Severity, Verdict

    if facts is None:
        found = _scanned(python, prefix, whole=with_facts, deep=deep, deadline=deadline)
    elif python or prefix or deep or deadline:
        raise UsageError(
            "--facts already says which environment was scanned, and how; leave out --python, --prefix and --deep."
        )
    else:
        found = facts_in(facts)
    report = examine(found, load_matrix(), allow or ())
    exit_code = 1 if report.fails(Severity(fail_on.value)) else 3 if report.verdict is Verdict.UNKNOWN else 0
    if output is Format.JSON:
        from verl_doctor.report.json_report import render

        sys.stdout.write(render(report, exit_code, with_facts=with_facts) + "\n")
    else:
        from rich.console import Console

        from verl_doctor.report.text_report import render as render_text

        render_text(report, Console(highlight=False))
    return exit_code


def _scanned(python: Path | None, prefix: Path | None, *, whole: bool, deep: bool, deadline: float | None) -> Facts:
    from verl_doctor.examine import needed
    from verl_doctor.facts.collect import collect

    host = the_host()
    return with_imports(
        collect(host, the_target(host, python, prefix), None if whole else needed()), host, deep, deadline
    )
