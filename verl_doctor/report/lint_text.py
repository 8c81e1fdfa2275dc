"""What is wrong in launch scripts and configurations, for a person to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from verl_doctor.lint.document import Document
from verl_doctor.lint.fault import Fault
from verl_doctor.lint.fix import applied, edits_of
from verl_doctor.lint.outcome import Linted, Mode, Outcome
from verl_doctor.lint.places import line_of, text_of
from verl_doctor.model import Severity
from verl_doctor.report.fold import fold
from verl_doctor.report.plain_text import in_a_line

_STYLES: Final = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_SHOWN: Final = 200
"""How much of a line is shown; some hold a whole script."""


def render(outcome: Outcome, console: Console, *, mode: Mode) -> None:
    """Print what is wrong: the lines, why, and the corrected lines; last, how many and what was not judged."""
    if mode == "fix":
        for file in outcome.files:
            for each in file.corrected:
                name = f"{each.fault.name} ({each.fault.id})"
                _line(console, "corrected", "green", f"{_place(each.document, each.fault)}  {name}")
    if mode != "diff":
        for file in outcome.files:
            for fault in (file.left if mode == "fix" else file.found).faults:
                _fault(outcome, file.after if mode == "fix" else file.before, fault, console)
    _unread(outcome, console)
    fold(console, 0, Text(_summary(outcome, mode)))
    if outcome.unknown:
        told = " and ".join(outcome.unknown)
        fold(console, 0, Text(f"No table here has {told}: what only a release's own table tells was not judged."))
    is_pinned = all(file.before.format == "requirements" for file in outcome.files)  # such a file is judged by its own
    if not is_pinned and not {"verl", "vllm"} <= outcome.versions.keys():
        fold(console, 0, Text(_unknown(outcome), style="dim"))


def _line(console: Console, word: str, style: str, rest: str) -> None:
    console.print(Text.assemble((word, style), f"  {rest}"), soft_wrap=True)


def _place(document: Document, fault: Fault) -> str:
    return f"{document.path}:{line_of(document, fault.setting)}"


def _fault(outcome: Outcome, document: Document, fault: Fault, console: Console) -> None:
    severity = Severity.INFO if outcome.is_allowed(fault) else fault.severity
    allowed = "  allowed" if outcome.is_allowed(fault) else ""
    _line(
        console,
        severity.value,
        _STYLES[severity],
        f"{_place(document, fault)}  {fault.name} ({fault.id}){allowed}",
    )
    changed = list(changes(document, fault))
    for line in changed or [f"  {text_of(document, line_of(document, fault.setting)).strip()}"]:
        style = "red" if line.startswith("-") else "green" if line.startswith("+") else ""
        console.print(Text(f"    {line[:_SHOWN]}", style=style), soft_wrap=True)
    fold(console, 4, Text(fault.message))
    fold(console, 4, Text(f"Cure: {fault.remedy.text}"))
    for command in fault.remedy.commands:
        console.print(Text(f"        {in_a_line(command)}"), soft_wrap=True)
    console.print()


def changes(document: Document, fault: Fault) -> Iterator[str]:
    """Yield the lines that a correction takes away ("- ...") and puts in their place ("+ ...")."""
    edits = edits_of(document, fault)
    after = applied(document.data, edits)
    old, new = (data.decode("utf-8", "replace").splitlines() for data in (document.data, after))
    for line in list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:] if edits else ():
        if line[0] in "-+":
            yield f"{line[0]} {line[1:].strip()}"


def _unread(outcome: Outcome, console: Console) -> None:
    for file in outcome.files:
        for line, reason in file.after.unread:
            _line(console, "not read", "magenta", f"{file.after.path}:{line}  {reason}")
    for path, reason in outcome.passed_over:
        _line(console, "not read", "magenta", reason if str(path) in reason else f"{path}: {reason}")
    for name, error in outcome.crashed.items():
        _line(console, "broke", "magenta", f"the rule {name}: {error}")


def _summary(outcome: Outcome, mode: Mode) -> str:
    """Return one sentence: what was found, of what, and what --fix does, did or would do."""
    faults = [fault for file in outcome.files for fault in (file.left if mode == "fix" else file.found).faults]
    corrected = sum(len(file.corrected) for file in outcome.files)
    first = sum(each.document is file.before for file in outcome.files for each in file.corrected)
    after = f", {corrected - first} of them once the others are" if corrected > first else ""
    files = _count(len(outcome.files), "file")
    versions = ", ".join(f"{name} {version}" for name, version in outcome.versions.items())
    judged = f"{files}{f' for {versions}' if versions else ''}"
    incomplete = any(file.after.unread for file in outcome.files) or outcome.passed_over or outcome.crashed
    but = ", but not all of it could be judged" if incomplete else ""
    if not faults:
        idle = [file for file in outcome.files if file.launches_nothing]
        if idle and len(idle) == len(outcome.files) and not corrected:
            return f"No launch of verl or vLLM was found in {_named(idle)}, so there was little to judge{but}."
        done = f"{_count(corrected, 'finding')} corrected, none left" if corrected else "Nothing wrong"
        without = f"; no launch of verl or vLLM was found in {_named(idle)}" if idle else ""
        return f"{done} in {judged}{but}{without}."
    found = f"{_counted(faults)} {'left ' if mode == 'fix' else ''}in {judged}{but}"
    if mode == "fix":
        return f"{found}; {corrected} corrected{after}."
    if mode == "diff":
        return f"{found}; --fix corrects {corrected}{after}."
    fixable = sum(bool(edits_of(file.before, fault)) for file in outcome.files for fault in file.found.faults)
    return f"{found}{f'; --fix corrects {fixable}, --diff shows how' if fixable else ''}."


def _named(files: Sequence[Linted]) -> str:
    return str(files[0].before.path) if len(files) == 1 else _count(len(files), "file")


def _counted(faults: Sequence[Fault]) -> str:
    counts = {severity: sum(fault.severity is severity for fault in faults) for severity in Severity}
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
    return ", ".join(_count(number, words[severity]) for severity, number in counts.items() if number)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _unknown(outcome: Outcome) -> str:
    missing = " and ".join(name for name in ("verl", "vllm") if name not in outcome.versions)
    options = " ".join(f"--{name} V" for name in ("verl", "vllm") if name not in outcome.versions)
    return (
        f"The version of {missing} is not known, so what depends on it was not judged: give {options}, "
        "or name the environment with --python or --prefix."
    )
