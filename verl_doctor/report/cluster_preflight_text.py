"""The preflights of a cluster for a person: what differs, the verdicts with their causes and cures, then each step."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from verl_doctor.fleet.names import on
from verl_doctor.fleet.sweep import by_value
from verl_doctor.model import Verdict
from verl_doctor.preflight import cluster_steps
from verl_doctor.preflight.cluster import WORST_FIRST, ClusterPreflight
from verl_doctor.preflight.cluster_summary import summary
from verl_doctor.report import cluster_text, compare_text
from verl_doctor.report.fold import fold
from verl_doctor.report.plain_text import in_a_line


def render(found: ClusterPreflight, console: Console, *, verbose: bool = False) -> None:
    """Print it all, and last the line that says it all. `verbose` also tells what is well."""
    cluster_text.head(found.sweep, console)
    if len(found.reports) > 1:
        compare_text.differences(found.comparison, console)
    _verdicts(found, console)
    for result, held in cluster_text.failures(found.reports):
        cluster_text.failure(result, held, len(found.sweep.reports), console)
    if found.documents:
        _patches(found, console, verbose=verbose)
        _smoke_test(found, console, verbose=verbose)
    cluster_text.missing(found.sweep, console)
    if found.wish.policy:
        fold(console, 0, Text(f"\nJudged by the policy {in_a_line(found.wish.policy.origin)}.", style="dim"))
    fold(console, 0, Text(f"\n{summary(found)}", style="bold"))


def _verdicts(found: ClusterPreflight, console: Console) -> None:
    """Print the nodes by verdict, the worst first; where one is open, why it is."""
    verdicts, of = found.verdicts, len(found.sweep.reports)
    if verdicts:
        console.print()
    for verdict in WORST_FIRST:
        if nodes := [name for name, each in verdicts.items() if each is verdict]:
            cluster_text.verdict(verdict.value, nodes, of, console)
            if verdict is Verdict.UNKNOWN:
                _why_open(found, nodes, console)


def _why_open(found: ClusterPreflight, nodes: list[str], console: Console) -> None:
    for said, where in by_value((name, found.documents[name]["summary"]) for name in nodes):
        rest = "" if len(where) == len(nodes) else f" ({', '.join(where)})"
        fold(console, 4, Text(said.partition("  ")[2] + rest))


def _patches(found: ClusterPreflight, console: Console, *, verbose: bool) -> None:
    _title("Patches", console)
    of = len(found.sweep.reports)
    told = cluster_steps.states(found, whole=verbose)
    for name, pairs in told.items():
        for state, nodes in by_value(pairs):
            fold(console, 2, Text(f"{name}: {state} {on(nodes, of)}"))
    done = [f"refused {on(nodes, of)}: {reason}" for reason, nodes in cluster_steps.refusals(found)]
    done += [f"changed {path} {on(nodes, of)}" for path, nodes in cluster_steps.changed(found)]
    for line in done or ([] if told else ["none is to be applied"]):
        fold(console, 2, Text(line))


def _smoke_test(found: ClusterPreflight, console: Console, *, verbose: bool) -> None:
    _title("Smoke test", console)
    of = len(found.sweep.reports)
    for text, nodes in cluster_steps.tries(found, first=False):
        fold(console, 2, Text(f"{text} {on(nodes, of)}"))
    for name, pairs in cluster_steps.probes(found).items():
        for outcome, nodes in by_value(pairs):
            if verbose or outcome.startswith("failed"):
                fold(console, 2, Text(f"{name}: {outcome} {on(nodes, of)}"))
    if reduced := found.reduced:
        cluster_text.all_reduce(list(reduced.ranks), reduced.reason, reduced.skipped, console)


def _title(text: str, console: Console) -> None:
    console.print(Text(f"\n{text}", style="bold"))
