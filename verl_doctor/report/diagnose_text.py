"""A diagnosis for a person: the cause, where it stands, why, what to do; then what followed and what else was seen."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from verl_doctor import __version__
from verl_doctor.diagnose.diagnosis import Diagnosis, Match, Role, Suspect
from verl_doctor.diagnose.occurrence import Occurrence
from verl_doctor.report.fold import fold
from verl_doctor.report.plain_text import in_a_line

_TITLES: Final[dict[Role, str]] = {
    "cause": "The cause",
    "consequence": "What only followed",
    "beside": "Also seen",
    "survived": "Survived: the job went on, or was started again",
}
_FOUND: Final = {
    "high": ("FOUND", "bold red"),
    "medium": ("LIKELY", "bold red"),
    "low": ("POSSIBLY", "bold yellow"),
}
_STYLES: Final = {"high": "green", "medium": "yellow", "low": "magenta"}
_MOST_FILES: Final = 3


def render(diagnosis: Diagnosis, console: Console) -> None:
    """Print the diagnosis; commands and lines of the log stay on one line each, however narrow the console is."""
    fold(console, 0, Text.assemble((f"verl-doctor {__version__}", "bold"), f"  {_files(diagnosis)}"))
    if told := _versions(diagnosis):
        fold(console, 0, Text(f"The log tells of {told}."))
    fold(console, 0, _verdict(diagnosis))
    if diagnosis.primary is None:
        _suspects(diagnosis, console)
    if diagnosis.advice:
        console.print()
        fold(console, 0, Text(diagnosis.advice))
    for role, title in _TITLES.items():
        if matches := [match for match in diagnosis.matches if match.role == role]:
            console.print(Text(f"\n{title}", style="bold"))
            for match in matches:
                _match(match, console, is_whole=role in {"cause", "beside"})
    if diagnosis.primary is not None and diagnosis.suspects:
        console.print(Text("\nExceptions that are not known", style="bold"))
        _suspects(diagnosis, console)
    for reason in diagnosis.unread.values():
        fold(console, 0, Text(f"\nNot all was read: {reason}"))


def _suspects(diagnosis: Diagnosis, console: Console) -> None:
    for suspect in diagnosis.suspects:
        _suspect(suspect, console)
    if diagnosis.more_suspects:
        console.print()
        fold(console, 4, Text(f"and {diagnosis.more_suspects} more"))


def _files(diagnosis: Diagnosis) -> str:
    names = [_name(name) for name in diagnosis.files]
    more = len(names) - _MOST_FILES
    return ", ".join(names[:_MOST_FILES]) + (f" and {more} more" if more > 0 else "")


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def _versions(diagnosis: Diagnosis) -> str:
    return ", ".join(f"{name} {told.version}" for name, told in sorted(diagnosis.versions.items()))


def _verdict(diagnosis: Diagnosis) -> Text:
    if primary := diagnosis.primary:
        word, style = _FOUND[primary.confidence]
        return Text.assemble("\n", (word, style), f"  {primary.known.title}.")
    if diagnosis.suspects:
        return Text.assemble("\n", ("UNKNOWN", "bold magenta"), "  The job failed, of no failure that is known here.")
    if diagnosis.ended:
        ended = diagnosis.ended
        place = f"  Somebody, or the schedule, ended the job: {_name(ended.file)}:{ended.line}, {ended.text}"
        return Text.assemble("\n", ("ENDED", "bold cyan"), place)
    if any(match.role == "survived" for match in diagnosis.matches):
        return Text.assemble("\n", ("NOTHING", "bold green"), "  No failure is seen but what the job survived.")
    return Text.assemble("\n", ("NOTHING", "bold green"), "  No failure is seen.")


def _match(match: Match, console: Console, *, is_whole: bool) -> None:
    known = match.known
    words = f"  {known.id}, confidence "
    console.print(
        Text.assemble(f"  {known.name}", words, (match.confidence, _STYLES[match.confidence])), soft_wrap=True
    )
    fold(console, 4, Text(f"{match.because[0].upper()}{match.because[1:]}."))
    _place(match.seen, console, is_whole=is_whole)
    if not is_whole:
        return
    fold(console, 4, Text(f"Why: {' '.join(known.cause.split())}"))
    fold(console, 4, Text(f"Cure: {match.remedy.text}"))
    for command in match.remedy.commands:
        console.print(Text(f"      {in_a_line(command)}", style="bold"), soft_wrap=True)


def _suspect(suspect: Suspect, console: Console) -> None:
    console.print()
    _place(suspect.seen, console, is_whole=True)
    if suspect.own:
        fold(console, 4, Text(f"The last call in code of your own: {suspect.own}."))


def _place(seen: Occurrence, console: Console, *, is_whole: bool) -> None:
    times = f", {seen.times} times" if seen.times > 1 else ""
    writers = f" by {len(seen.writers)} processes" if len(seen.writers) > 1 else ""
    who = f"  ({seen.record.who})" if seen.record.who and not writers else ""
    console.print(Text(f"    {_name(seen.file)}:{seen.line}{who}{times}{writers}", style="dim"), soft_wrap=True)
    for line in seen.excerpt if is_whole else seen.excerpt[-1:]:
        console.print(Text(f"      > {line}"), soft_wrap=True)
