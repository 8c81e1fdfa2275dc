"""The report of a check for a person: the verdict, the cause, its cure, then the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from rich.console import Console
from rich.text import Text

from verl_doctor import __version__
from verl_doctor.examine import Report
from verl_doctor.facts.imports import Import
from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import (
    Crashed,
    Failed,
    Finding,
    Passed,
    Result,
    Severity,
    Skipped,
    Unavailable,
    Verdict,
)
from verl_doctor.remedies import ESSENTIAL
from verl_doctor.report.account import Occurrence
from verl_doctor.report.fold import fold
from verl_doctor.report.plain_text import in_a_line
from verl_doctor.report.ruled import ruled
from verl_doctor.report.verdicts import SENTENCES, sentence

GIB: Final = 2**30
_VERDICTS: Final = {
    Verdict.HEALTHY: "bold green",
    Verdict.DEGRADED: "bold yellow",
    Verdict.BROKEN: "bold red",
    Verdict.UNKNOWN: "bold magenta",
}
_STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What goes before all that a check found, because it was tried and did not work; and the verdict with it."""

    verdict: Verdict
    cause: Occurrence


def render(report: Report, console: Console, before: Before | None = None) -> None:
    """Print the report on a console; commands stay on one line each, however narrow it is."""
    _head(report.facts, console)
    if before:
        report = _without_cause(report)
    verdict = before.verdict if before else report.verdict
    said = SENTENCES[verdict] if before else sentence(report)
    console.print(Text.assemble("\n", (verdict.value.upper(), _VERDICTS[verdict]), f"  {said}{_allowed(report)}"))
    if before:
        console.print(Text("\nCure this first", style="bold"))
        _tried(before.cause, console)
    for title, results in _sections(report):
        if results:
            console.print(Text(f"\n{title}", style="bold"))
            for result in results:
                _result(result, console, whole=result.consequence_of is None)
    if (report.primary or before) and any(title == "Also found" and found for title, found in _sections(report)):
        console.print()
        fold(console, 0, Text("Each cure is for the environment as it is now: do the first, then check again."))
    _unjudged(report, console)
    passed = sum(isinstance(result.outcome, Passed) for result in report.results)
    console.print(Text(f"\n{passed} of {len(report.results)} checks found nothing.", style="dim"))


def _without_cause(report: Report) -> Report:
    """Return what a check found as what it is beside a cause elsewhere, of which nothing of it is known to follow."""
    return replace(report, results=tuple(replace(r, primary=False, consequence_of=None) for r in report.results))


def _allowed(report: Report) -> str:
    """Return the rest of a verdict that leaves out what the user allowed."""
    count = sum(result.allowed and isinstance(result.outcome, Failed) for result in report.results)
    return f" Not counted: what you allowed ({count})." if count else ""


def _sections(report: Report) -> Iterator[tuple[str, list[Result]]]:
    found = [result for result in report.results if isinstance(result.outcome, Failed)]
    yield "Cure this first", [r for r in found if r.primary]
    yield "Cured by the same step", [r for r in found if r.consequence_of]
    yield "Also found", [r for r in found if not (r.primary or r.consequence_of or r.allowed)]
    yield "Allowed by you or your policy", [r for r in found if r.allowed]


def _head(facts: Facts, console: Console) -> None:
    target = facts.target
    place = f"{target.prefix} ({target.kind}, Python {target.version or 'unknown'})"
    fold(console, 0, Text.assemble((f"verl-doctor {__version__}", "bold"), f"  {in_a_line(place)}"))
    fold(console, 0, Text(in_a_line(_versions(facts))))
    fold(console, 0, Text(in_a_line(_hardware(facts))))
    if not isinstance(facts.imports, Unavailable):
        fold(console, 0, Text(in_a_line(_imports(facts.imports))))


def _versions(facts: Facts) -> str:
    if isinstance(facts.packages, Unavailable):
        return f"packages: {facts.packages.reason}"
    packages = facts.packages
    torch = facts.torch
    exact = {} if isinstance(torch, Unavailable) else {"torch": torch.version}
    return "  ".join(
        f"{name} {exact.get(name, packages[name].version)}" if name in packages else f"{name} -"
        for name in (*reversed(ESSENTIAL[:3]), *ESSENTIAL[3:], "transformers", "ray")
    )


def _hardware(facts: Facts) -> str:
    driver, gpus = facts.driver, facts.gpus
    if isinstance(driver, Unavailable):
        return f"driver: {driver.reason}"
    if driver.version is None:
        return f"driver: {driver.detail}"
    supports = f" (CUDA {driver.cuda})" if driver.cuda else ""
    shown = gpus.reason if isinstance(gpus, Unavailable) else _gpus(gpus)
    return f"driver {driver.version}{supports}  {shown}"


def _imports(imports: Mapping[str, Import]) -> str:
    """Return how each import went: after how long it was done, or how it was not, and why."""
    shown = [f"{name} {_import(seen)}" for name, seen in imports.items()]
    return f"imported: {', '.join(shown) or 'nothing that is installed'}"


def _import(seen: Import) -> str:
    if seen.outcome == "works":
        return f"{seen.seconds:.1f} s"
    return f"{seen.outcome} ({seen.cause or seen.error})" if seen.outcome == "fails" else seen.outcome


def _gpus(gpus: tuple[Gpu, ...]) -> str:
    kinds: dict[str, int] = {}
    for gpu in gpus:
        memory = f" {gpu.memory_total / GIB:.0f} GiB" if gpu.memory_total else ""
        kinds[gpu.name + memory] = kinds.get(gpu.name + memory, 0) + 1
    return ", ".join(f"{count} x {name}" for name, count in kinds.items()) or "no GPU visible"


def _result(result: Result, console: Console, *, whole: bool) -> None:
    assert isinstance(result.outcome, Failed)  # noqa: S101 - sections hold failures only
    severity = (result.severity.value, _STYLES[result.severity])
    fold(console, 2, Text.assemble(severity, f"  {result.name}  ", (result.id, "dim")))
    if result.outweighed:
        fold(console, 4, Text(f"Counts for less than it would: {result.outweighed}."))
    if result.ruling and (said := ruled(result.ruling)):
        fold(console, 4, Text(f"{said[0].upper()}{said[1:]}."))
    for finding in result.outcome.findings:
        _finding(finding, console, whole=whole, evidence=result.primary)


def _finding(finding: Finding, console: Console, *, whole: bool, evidence: bool) -> None:
    fold(console, 4, Text(finding.message))
    if evidence:
        for seen in finding.evidence:
            fold(console, 4, Text(f"seen: {seen}", style="dim"))
    if whole:
        fold(console, 4, Text(f"-> {finding.remedy.text}"))
        _commands(finding.remedy.commands, console)


def _tried(cause: Occurrence, console: Console) -> None:
    fold(console, 2, Text.assemble((cause.severity.value, _STYLES[cause.severity]), f"  {cause.name}"))
    fold(console, 4, Text(cause.message))
    fold(console, 4, Text(f"-> {cause.remedy}"))
    _commands(cause.commands, console)


def _commands(lines: Iterable[str], console: Console) -> None:
    for command in lines:
        console.print(Text(f"      {in_a_line(command)}", style="bold"), soft_wrap=True)


def _unjudged(report: Report, console: Console) -> None:
    """Say which checks could not judge, once for each reason."""
    reasons: dict[str, list[str]] = {}
    for result in report.results:
        match result.outcome:
            case Skipped(reason):
                reasons.setdefault(reason, []).append(result.name)
            case Crashed(error):
                reasons.setdefault(f"the check broke ({error})", []).append(result.name)
            case _:
                pass
    if reasons:
        console.print(Text("\nNot judged", style="bold"))
        for reason, names in reasons.items():
            shown = ", ".join(names) if len(names) <= 4 else f"{len(names)} checks"  # noqa: PLR2004 - a line's worth
            fold(console, 2, Text(f"{shown}: {reason}"))
