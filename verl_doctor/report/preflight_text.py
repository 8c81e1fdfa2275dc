"""The report of a preflight for a person at a terminal, from the reports of its steps."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from verl_doctor.facts.patches import PatchState
from verl_doctor.model import Passed
from verl_doctor.preflight.result import NotTried, Patching, Preflight
from verl_doctor.preflight.summary import summary
from verl_doctor.report import patch_text, smoke_report, text_report
from verl_doctor.report.accounts import of_preflight
from verl_doctor.report.fold import fold
from verl_doctor.report.plain_text import in_a_line
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.target import Target


def render(preflight: Preflight, console: Console, *, verbose: bool = False) -> None:
    """Print the three steps, and last the line that says it all. `verbose` also tells what passed."""
    text_report.render(preflight.check, console, _before(preflight))
    if verbose:
        _passed(preflight, console)
    _title("Patches", console)
    _patches(preflight.patches, console, verbose=verbose)
    _title("Smoke test", console)
    _smoke_test(preflight.smoke_test, preflight.check.facts.target, console)
    if preflight.policy:
        console.print()
        fold(console, 0, Text(f"Judged by the policy {in_a_line(preflight.policy.origin)}.", style="dim"))
    console.print()
    fold(console, 0, Text(summary(preflight), style="bold"))


def _before(preflight: Preflight) -> text_report.Before | None:
    """Return the refused patch or failed probe that goes before what the check found; None where none does."""
    if preflight.cause is preflight.check.primary:
        return None
    cause = next(each for each in of_preflight(preflight).occurrences if each.is_primary)
    return text_report.Before(verdict=preflight.verdict, cause=cause)


def _title(text: str, console: Console) -> None:
    console.print(Text(f"\n{text}", style="bold"))


def _passed(preflight: Preflight, console: Console) -> None:
    _title("Found nothing", console)
    for result in preflight.check.results:
        if isinstance(result.outcome, Passed):
            fold(console, 2, Text.assemble((result.id, "dim"), f"  {result.name}"))


def _patches(patches: Patching, console: Console, *, verbose: bool) -> None:
    shown: Mapping[str, PatchState] = patches.states
    text = patch_text.text(shown, whole=verbose, width=console.width - 2) if shown else "not known\n"
    _plain(text, console)
    for file in patches.changed:
        console.print(Text(f"  changed {in_a_line(file)}"), soft_wrap=True)
    if patches.refusal:
        fold(console, 2, Text(f"Refused: {patches.refusal.reason}"))
    elif patches.is_asked and not patches.changed:
        fold(console, 2, Text("Nothing was to be changed."))


def _smoke_test(tried: SmokeTest | NotTried, target: Target, console: Console) -> None:
    if isinstance(tried, NotTried):
        fold(console, 2, Text(f"Not tried: {tried.reason}."))
        return
    width = console.width - 2
    for result in tried.results:
        _plain(smoke_report.line(result, width, is_own=tried.model is not None), console)
    _plain(smoke_report.summary(tried, target, width), console)


def _plain(text: str, console: Console) -> None:
    """Print lines that are already folded."""
    for line in text.splitlines():
        console.print(Text(f"  {line}" if line else ""), soft_wrap=True)
