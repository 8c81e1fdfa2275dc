"""`verl-doctor check`: what is wrong here, the cause first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli.deep import Deadline, Deep, deep_options, with_imports
from verl_doctor.cli.everywhere import NodeDeadline, Ray, of_nodes, require_no_deadline, sweep, the_cluster
from verl_doctor.cli.options import FactsFile, Prefix, Python, facts_in, the_host, the_target
from verl_doctor.cli.policy import PolicyFile, policy_in, today
from verl_doctor.cli.reports import Extra, MainFormat, Output, ReportFormat, deliver, delivery, require_text_or_json
from verl_doctor.cli.severity import FailOn
from verl_doctor.errors import UsageError
from verl_doctor.model import Severity, Verdict

if TYPE_CHECKING:
    from verl_doctor.examine import Report
    from verl_doctor.facts.snapshot import Facts
    from verl_doctor.matrix.matrix import Matrix
    from verl_doctor.preflight.policy import Policy
    from verl_doctor.report.of_cluster_check import OfClusterCheck


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
    ray: Ray = None,
    node_deadline: NodeDeadline = None,
) -> int:
    """Say what is wrong here, the cause first.

    The verdict on whether this node can run verl, the one cause if not, and the commands that cure it.

    Without --deep nothing is imported from the examined environment, nothing is written, no connection is made.
    """
    from verl_doctor.matrix.load import load as load_matrix
    from verl_doctor.report.of_check import OfCheck

    wanted = delivery(output_format, output, report, read=(facts, policy, python))
    if ray is not None:
        if facts is not None:
            raise UsageError("--facts and --ray name two things to judge; give one of them.")
        require_text_or_json(wanted)
        asked = _Everywhere(
            address=ray,
            deadline=node_deadline,
            options=deep_options(deep, deadline),
            allow=of_nodes(allow or ()),
            policy=policy_in(policy, search=False),
        )
        threshold = _threshold(fail_on, asked.policy)
        everywhere = _everywhere(asked, python, prefix, threshold, allow or (), with_facts=with_facts)
        return deliver(everywhere, wanted, everywhere.exit_code)
    require_no_deadline(node_deadline)
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
    matrix = load_matrix()
    judged = _judged(found, matrix, allow or (), rules)
    threshold = _threshold(fail_on, rules)
    exit_code = _exit_code(judged, threshold)
    told = OfCheck(check=judged, exit_code=exit_code, fail_on=threshold, matrix=matrix, with_facts=with_facts)
    return deliver(told, wanted, exit_code)


def _judged(facts: Facts, matrix: Matrix, allow: Sequence[str], rules: Policy | None) -> Report:
    from verl_doctor.examine import examine

    if rules is None:
        return examine(facts, matrix, allow)
    day = today()
    return examine(replace(facts, expected=rules.expected(day)), matrix, allow, rules.in_force(day))


def _exit_code(report: Report, threshold: Severity) -> int:
    return 1 if report.fails(threshold) else 3 if report.verdict is Verdict.UNKNOWN else 0


def _threshold(fail_on: FailOn | None, rules: Policy | None) -> Severity:
    return Severity(fail_on.value) if fail_on else (rules.fail_on if rules else None) or Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class _Everywhere:
    """A cluster, the time for each node, the options of the scan there, and how what it finds is judged here."""

    address: str
    deadline: float | None
    options: tuple[str, ...]
    allow: tuple[str, ...]
    policy: Policy | None


def _everywhere(
    asked: _Everywhere,
    python: Path | None,
    prefix: Path | None,
    threshold: Severity,
    allow: Sequence[str],
    *,
    with_facts: bool,
) -> OfClusterCheck:
    """Scan every node, judge the facts here, and return the report."""
    from verl_doctor.matrix.load import load as load_matrix
    from verl_doctor.report.of_cluster_check import OfClusterCheck

    host = the_host()
    cluster = the_cluster(host, the_target(host, python, prefix), asked.address)
    found = sweep(cluster, ("facts", "--python", "{python}", *asked.options), asked.deadline)
    comparison = found.compared().allowing(allow)
    reports = {name: _judged(facts, load_matrix(), asked.allow, asked.policy) for name, facts in found.facts.items()}
    statuses = {name: _exit_code(report, threshold) for name, report in reports.items()}
    exit_code = found.exit_code([*statuses.values(), int(comparison.fails(threshold))])
    return OfClusterCheck(
        sweep=found,
        comparison=comparison,
        reports=reports,
        statuses=statuses,
        exit_code=exit_code,
        with_facts=with_facts,
    )


def _scanned(python: Path | None, prefix: Path | None, *, whole: bool, deep: bool, deadline: float | None) -> Facts:
    from verl_doctor.examine import needed
    from verl_doctor.facts.collect import collect

    host = the_host()
    return with_imports(
        collect(host, the_target(host, python, prefix), None if whole else needed()), host, deep, deadline
    )
