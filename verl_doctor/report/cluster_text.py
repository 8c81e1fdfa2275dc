"""The reports of all nodes of a cluster for a person: what differs first, then what was found, each thing once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from verl_doctor import __version__
from verl_doctor.examine import Report
from verl_doctor.fleet.cluster import Ranked
from verl_doctor.fleet.compare import Comparison
from verl_doctor.fleet.names import count, fold, on
from verl_doctor.fleet.sweep import Sweep, by_value
from verl_doctor.model import Failed, Finding, Result, Severity
from verl_doctor.report import compare_text
from verl_doctor.report.fold import fold as fold_text
from verl_doctor.report.plain_text import in_a_line
from verl_doctor.report.ruled import ruled

_STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_WORDS: Final = {"broken": "bold red", "unknown": "bold magenta", "degraded": "bold yellow", "healthy": "bold green"}


def check(sweep: Sweep, comparison: Comparison | None, reports: Mapping[str, Report], console: Console) -> None:
    """Print what differs, the verdicts, and every failure with the nodes that have it."""
    head(sweep, console)
    if comparison:
        compare_text.differences(comparison, console)
    console.print()
    for word, nodes in by_value((name, report.verdict.value) for name, report in reports.items()):
        verdict(word, nodes, len(sweep.reports), console)
    for result, held in failures(reports):
        failure(result, held, len(sweep.reports), console)
    missing(sweep, console)


def head(sweep: Sweep, console: Console) -> None:
    """Print what was examined."""
    place = f"Ray {sweep.joined.ray} at {sweep.address}, {count(len(sweep.reports))}"
    console.print(Text.assemble((f"verl-doctor {__version__}", "bold"), f"  {place}"), soft_wrap=True)


def verdict(word: str, nodes: list[str], of: int, console: Console) -> None:
    """Print a verdict with its nodes."""
    console.print(Text.assemble((word.upper(), _WORDS[word]), f"  {in_a_line(on(nodes, of))}"), soft_wrap=True)


def failures(reports: Mapping[str, Report]) -> Iterator[tuple[Result, dict[str, Result]]]:
    """Yield each failure once, with the result of every node that has it: causes first, the worst first.

    What does not count because someone decided so comes last.
    """
    found: dict[str, dict[str, Result]] = {}
    for node, report in reports.items():
        for result in report.results:
            if isinstance(result.outcome, Failed):
                found.setdefault(result.name, {})[node] = result

    def order(held: Mapping[str, Result]) -> tuple[Any, ...]:
        results = held.values()
        first = next(iter(results))
        return (
            first.allowed,
            not any(r.primary for r in results),
            min(r.severity.rank for r in results),
            -len(held),
            first.id,
        )

    for held in sorted(found.values(), key=order):
        yield min(held.values(), key=lambda result: (not result.primary, result.severity.rank)), held


def failure(result: Result, held: Mapping[str, Result], of: int, console: Console) -> None:
    """Print a failure with the nodes that have it, each of its messages once, and the cure."""
    severity = (result.severity.value, _STYLES[result.severity])
    cause = "  the cause to cure first" if result.primary else ""
    fold_text(console, 0, Text.assemble("\n", severity, f"  {result.name}  ", (result.id, "dim"), cause))
    nodes = list(held)
    fold_text(console, 4, Text(on(nodes, of)))
    if result.ruling:
        said = ruled(result.ruling) or "allowed on the command line"
        fold_text(console, 4, Text(f"{said[0].upper()}{said[1:]}."))
    told = [(node, finding) for node, each in held.items() for finding in _findings(each)]
    first = {finding.message: finding for _, finding in reversed(told)}
    for message, where in by_value((node, finding.message) for node, finding in told):
        rest = "" if len(set(where)) == len(nodes) else f" ({fold(set(where))})"
        fold_text(console, 4, Text(message + rest))
        if result.consequence_of is None:
            fold_text(console, 4, Text(f"-> {first[message].remedy.text}"))
            for command in first[message].remedy.commands:
                console.print(Text(f"      {in_a_line(command)}", style="bold"), soft_wrap=True)


def _findings(result: Result) -> tuple[Finding, ...]:
    return result.outcome.findings if isinstance(result.outcome, Failed) else ()


def patch(sweep: Sweep, console: Console) -> None:
    """Print the state of each patch, with the nodes that have it so, and which files were written."""
    head(sweep, console)
    states: dict[str, list[tuple[str, str]]] = {}
    changed: list[tuple[str, str]] = []
    for found in sweep.done:
        document = found.document or {}
        for each in document.get("patches", ()):
            told = f"{each['state']}{' (' + each['reason'] + ')' if each.get('reason') else ''}"
            states.setdefault(each["name"], []).append((found.node.name, told))
        changed += [(found.node.name, path) for path in document.get("changed", ())]
    of = len(sweep.reports)
    for name, pairs in states.items():
        fold_text(console, 0, Text(f"\n{name}", style="bold"))
        for state, nodes in by_value(pairs):
            fold_text(console, 4, Text(f"{state} {on(nodes, of)}"))
    for path, nodes in by_value(changed):
        fold_text(console, 0, Text(f"\nwritten: {path} {on(nodes, of)}"))
    missing(sweep, console)


def smoke_test(sweep: Sweep, ranks: Iterable[Ranked], reason: str | None, skipped: bool, console: Console) -> None:
    """Print how each probe went, with the nodes where it went so, then the all-reduce over the cluster."""
    head(sweep, console)
    probes: dict[str, list[tuple[str, str]]] = {}
    for found in sweep.done:
        for each in (found.document or {}).get("probes", ()):
            told = each["outcome"] + (f": {each['reason']}" if each.get("reason") else "")
            probes.setdefault(each["name"], []).append((found.node.name, told))
    console.print()
    for name, pairs in probes.items():
        for outcome, nodes in by_value(pairs):
            fold_text(console, 0, Text(f"{name}: {outcome} {on(nodes, len(sweep.reports))}"))
    all_reduce(list(ranks), reason, skipped, console)
    missing(sweep, console)


def all_reduce(ranks: list[Ranked], reason: str | None, skipped: bool, console: Console) -> None:
    """Print how an all-reduce over the cluster went."""
    failed = [rank for rank in ranks if rank.reason]
    if ranks and not failed and reason is None:
        slowest = min(ranks, key=lambda rank: float(rank.measurements["gib_per_second"]))
        many = f"{len(ranks)} rank{'s' if len(ranks) != 1 else ''}"
        told = f"passed on {many}, {slowest.measurements['gib_per_second']} GiB/s through "
        fold_text(console, 0, Text(f"all-reduce over the cluster: {told}{slowest.measurements['backend']}"))
    for why, places in by_value((f"rank {rank.rank} on {rank.node.name}", str(rank.reason)) for rank in failed):
        fold_text(console, 0, Text(f"all-reduce over the cluster: failed on {fold(places)}: {why}", style="red"))
    if reason:
        fold_text(console, 0, Text(f"all-reduce over the cluster: {'skipped' if skipped else 'failed'}: {reason}"))


def missing(sweep: Sweep, console: Console) -> None:
    """Print which nodes are not reported, and why."""
    for title, found in (
        ("Not examined", sweep.missing),
        ("Left out", tuple(each for each in sweep.reports if each.skipped)),
    ):
        if found:
            console.print(Text(f"\n{title}", style="bold"))
            for reason, nodes in by_value((each.node.name, each.reason or "no reason") for each in found):
                fold_text(console, 2, Text(f"{fold(nodes)}: {reason}"))
