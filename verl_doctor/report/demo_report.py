"""The steps of the demo for a person to read along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from verl_doctor.demo.behaviour import Behaviour
from verl_doctor.demo.run import Built, Checked, Finished, Observed, Patched, Proposed, Reverted, Step
from verl_doctor.examine import Report
from verl_doctor.model import Failed, Severity
from verl_doctor.report.fold import fold

_STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_WORDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "remark"}
_THEME: Final = "ansi_light"
"""Lines of context in the terminal's own colour, whatever its background."""


def render(number: int, step: Step, console: Console, *, is_kept: bool = False) -> None:
    """Print one step."""
    match step:
        case Built(sandbox=box, distributions=count, seconds=seconds):
            _title(console, number, "A sandbox with a real vLLM 0.7.2")
            _line(console, f"{count} distributions, as a verl 0.3.0.post1 environment has them, in {seconds:.1f} s.")
            _line(console, f"{box.prefix}" + (" (kept)" if is_kept else " (removed at the end)"))
        case Checked(report=report):
            _title(console, number, "verl-doctor check")
            _checked(report, console)
        case Observed(behaviours=behaviours):
            _title(console, number, "The functions themselves, run from the installed files")
            _observed(behaviours, console)
        case Proposed(diff=diff):
            _title(console, number, "verl-doctor patch: what would change")
            _diff(diff, console)
        case Patched(files=files):
            _title(console, number, "verl-doctor patch --apply")
            _lines(console, (f"changed {file}" for file in files))
        case Reverted(files=compared, unlike_published=strays):
            _title(console, number, "verl-doctor patch --revert")
            _line(console, f"{compared} files compared with the published wheel's digests, {len(strays)} differ.")
        case Finished(words=words, is_proven=is_proven):
            _title(console, number, "What happened")
            _lines(console, words)
            _line(console, "Everything went as it should." if is_proven else "Not everything went as it should.")


def _checked(report: Report, console: Console) -> None:
    found = [result for result in report.results if isinstance(result.outcome, Failed) and not result.allowed]
    seen = _counted([result.severity for result in found])
    _line(console, f"The verdict is {report.verdict.value}; {len(report.results)} checks found {seen}.")
    for result in found:
        console.print(Text.assemble("  ", (result.severity.value, _STYLES[result.severity]), f"  {result.name}"))


def _counted(severities: Sequence[Severity]) -> str:
    """Return how many there are of each, the gravest first."""
    counts = {word: severities.count(severity) for severity, word in _WORDS.items()}
    told = [f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items() if count]
    return " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told) or "nothing"


def _observed(behaviours: Iterable[Behaviour], console: Console) -> None:
    for one in behaviours:
        sign = ("works", "green") if one.is_cured else ("fails", "red")
        console.print(Text.assemble("  ", sign, f"  {one.patch}"))
        _line(console, f"{one.tried}: {one.seen}", indent=9)


def _diff(diff: str, console: Console) -> None:
    if console.is_terminal and not console.no_color:
        console.print(Syntax(diff, "diff", theme=_THEME, background_color="default"))
    else:
        console.print(Text(diff.rstrip()), soft_wrap=True)


def _title(console: Console, number: int, title: str) -> None:
    console.print(Text(f"\n{number}. {title}", style="bold"))


def _lines(console: Console, sentences: Iterable[str]) -> None:
    for sentence in sentences:
        _line(console, sentence)


def _line(console: Console, sentence: str, indent: int = 2) -> None:
    fold(console, indent, Text(sentence))
