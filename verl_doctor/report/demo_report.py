"""The steps of the demo for a person to read along."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from verl_doctor.demo.run import Built, Checked, Finished, Observed, Patched, Proposed, Reverted, Step
from verl_doctor.model import Failed, Severity

_STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def render(number: int, step: Step, console: Console, *, is_kept: bool = False) -> None:
    """Print one step."""
    match step:
        case Built(sandbox=box, distributions=count, seconds=seconds):
            _title(console, number, "A sandbox with a real vLLM 0.7.2")
            _line(console, f"{count} distributions, as a verl 0.3.0.post1 environment has them, in {seconds:.1f} s.")
            _line(console, f"{box.prefix}" + (" (kept)" if is_kept else " (removed at the end)"))
        case Checked(report=report):
            _title(console, number, "verl-doctor check")
            found = [result for result in report.results if isinstance(result.outcome, Failed) and not result.allowed]
            _line(
                console, f"The verdict is {report.verdict.value}; {len(found)} of {len(report.results)} checks failed."
            )
            for result in found:
                console.print(
                    Text.assemble("  ", (result.severity.value, _STYLES[result.severity]), f"  {result.name}")
                )
        case Observed(behaviours=behaviours):
            _title(console, number, "The functions themselves, run from the installed files")
            for one in behaviours:
                sign = ("works", "green") if one.is_cured else ("fails", "red")
                console.print(Text.assemble("  ", sign, f"  {one.patch}"))
                _line(console, f"       {one.tried}: {one.seen}")
        case Proposed(diff=diff):
            _title(console, number, "verl-doctor patch: what would change")
            if console.is_terminal and not console.no_color:
                console.print(Syntax(diff, "diff", background_color="default"))
            else:
                console.print(Text(diff.rstrip()), soft_wrap=True)
        case Patched(files=files):
            _title(console, number, "verl-doctor patch --apply")
            for file in files:
                _line(console, f"changed {file}")
        case Reverted(files=files_compared, unlike_published=strays):
            _title(console, number, "verl-doctor patch --revert")
            _line(
                console,
                f"{files_compared} files compared with the digests of the published wheel, {len(strays)} differ.",
            )
        case Finished(words=words, is_proven=is_proven):
            _title(console, number, "What happened")
            for sentence in words:
                _line(console, sentence)
            _line(console, "Everything went as it should." if is_proven else "Not everything went as it should.")


def _title(console: Console, number: int, title: str) -> None:
    console.print(Text(f"\n{number}. {title}", style="bold"))


def _line(console: Console, sentence: str) -> None:
    indent = len(sentence) - len(sentence.lstrip()) + 2
    for line in Text(sentence.strip()).wrap(console, max(20, console.width - indent)):
        line.rstrip()
        console.print(Text(" " * indent).append_text(line), soft_wrap=True)
