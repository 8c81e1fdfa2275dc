"""`verl-doctor check`: what is wrong here, the cause first."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.deep import Deadline, Deep, with_imports
from verl_doctor.cli.options import FactsFile, Prefix, Python, facts_in, the_host, the_target
from verl_doctor.cli.policy import PolicyFile, policy_in, today
from verl_doctor.cli.reports import Extra, MainFormat, Output, ReportFormat, deliver, delivery
from verl_doctor.errors import UsageError

if TYPE_CHECKING:
    from verl_doctor.facts.snapshot import Facts


class FailOn(str, Enum):
    """The mildest severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


def command(
    python: Python = None,
    prefix: Prefix = None,
    facts: FactsFile = None,
    output_format: MainFormat = ReportFormat.TEXT,
    output: Output = None,
    report: Extra = None,
    fail_on: Annotated[
        FailOn | None, typer.Option(help="Exit with 1 from this severity on. [default: the policy's, or error]")
    ] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Live with this failure: shown, but not counted. May be given again."),
    ] = None,
    policy: PolicyFile = None,
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
    from verl_doctor.report.of_check import OfCheck

    wanted = delivery(output_format, output, report)
    rules = policy_in(policy, search=False)
    whole = with_facts or wanted.needs_all_facts
    if facts is None:
        found = _scanned(python, prefix, whole=whole, deep=deep, deadline=deadline)
    elif python or prefix or deep or deadline:
        raise UsageError(
            "--facts already says which environment was scanned, and how; leave out --python, --prefix and --deep."
        )
    else:
        found = facts_in(facts)
    rulings = None
    if rules:
        found, rulings = replace(found, expected=rules.expected(today())), rules.in_force(today())
    matrix = load_matrix()
    judged = examine(found, matrix, allow or (), rulings)
    threshold = Severity(fail_on.value) if fail_on else (rules.fail_on if rules else None) or Severity.ERROR
    exit_code = 1 if judged.fails(threshold) else 3 if judged.verdict is Verdict.UNKNOWN else 0
    deliver(OfCheck(check=judged, exit_code=exit_code, fail_on=threshold, matrix=matrix, with_facts=with_facts), wanted)
    return exit_code


def _scanned(python: Path | None, prefix: Path | None, *, whole: bool, deep: bool, deadline: float | None) -> Facts:
    from verl_doctor.examine import needed
    from verl_doctor.facts.collect import collect

    host = the_host()
    return with_imports(
        collect(host, the_target(host, python, prefix), None if whole else needed()), host, deep, deadline
    )
