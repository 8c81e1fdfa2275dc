"""An account as the workflow commands that GitHub turns into annotations; the job summary is the Markdown report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from verl_doctor.errors import WriteFailedError
from verl_doctor.model import Severity
from verl_doctor.report.account import Account, Occurrence
from verl_doctor.report.plain_text import in_a_line, printable

if TYPE_CHECKING:
    from verl_doctor.report.markdown import Summary

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_DATA: Final = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"))
_PROPERTY: Final = (*_DATA, (":", "%3A"), (",", "%2C"))
SUMMARY: Final = "GITHUB_STEP_SUMMARY"
_LARGEST: Final = 2**20 - 2**12
"""Bytes that GitHub takes as the summary of a step, less some for what others have written."""


def render(account: Account) -> str:
    """Return a command for each finding, the cause first, and the summary in a line of its own."""
    found = sorted(account.occurrences, key=lambda each: not each.is_primary)
    return "".join(map(_annotation, found)) + f"{_escaped(account.summary, _DATA)}\n"


def _annotation(found: Occurrence) -> str:
    command = _COMMANDS[found.severity] if found.excused is None else "notice"
    given = {"file": found.file, "line": found.line and str(found.line), "title": f"{found.name} ({found.id})"}
    properties = ",".join(f"{key}={_escaped(value, _PROPERTY)}" for key, value in given.items() if value)
    excused = f"Not counted, {found.excused}." if found.excused is not None else None
    lines = (found.message, excused, found.remedy, *found.commands)
    return f"::{command} {properties}::{_escaped(chr(10).join(in_a_line(line) for line in lines if line), _DATA)}\n"


def _escaped(text: str, table: tuple[tuple[str, str], ...]) -> str:
    escaped = printable(text)
    for plain, code in table:
        escaped = escaped.replace(plain, code)
    return escaped


def append_summary(environ: Mapping[str, str], markdown: Callable[[int], Summary]) -> str | None:
    """Append a report, made for so many bytes, to the summary of the job's step, where GitHub names a file for it.

    Return what is to be said where it is shortened. Raises WriteFailedError where it cannot be, or no part fits.
    """
    if not (named := environ.get(SUMMARY)):
        return None
    file = Path(named)
    try:
        room = _LARGEST - (file.stat().st_size if file.exists() else 0)
        summary = markdown(room)
        if summary.text:
            with file.open("ab") as opened:
                opened.write(summary.text.encode())
    except OSError as error:
        raise WriteFailedError(f"The job summary {file} cannot be written: {error.strerror}.") from error
    if not summary.text:
        raise WriteFailedError(f"The job summary {file} has no room for the report: GitHub takes 1 MiB of a step.")
    return None if summary.is_whole else f"The report is shortened in the job summary {file}, which is nearly full."
