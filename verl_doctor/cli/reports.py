"""The options that say how a report is written and where, and writing it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from verl_doctor import streams
from verl_doctor.errors import UsageError, WriteFailedError, failure
from verl_doctor.report.plain_text import in_a_line
from verl_doctor.streams import STREAM

if TYPE_CHECKING:
    from verl_doctor.report.written import Told


class ReportFormat(str, Enum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
    SARIF = "sarif"
    GITHUB = "github"
    GITLAB = "gitlab"
    MARKDOWN = "markdown"
    HTML = "html"


MainFormat = Annotated[
    ReportFormat,
    typer.Option(
        "--format",
        "-f",
        help="How to write the report: text to read, JSON (a contract), JUnit XML, SARIF 2.1.0, GitHub annotations, "
        "GitLab code quality, Markdown for an issue, or a page of HTML.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", readable=False, help="Write the report to this file; - is standard output."
    ),
]
Extra = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=FILE",
        help="Also write the report in this format to a file (-: standard output). May be given again.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The formats in which a report is wanted, each with its file (STREAM: standard output); `modes` for new files."""

    wanted: tuple[tuple[ReportFormat, Path], ...]
    modes: Mapping[Path, int] = field(default_factory=dict)

    @property
    def formats(self) -> set[ReportFormat]:
        """All formats that are wanted."""
        return {form for form, _ in self.wanted}

    @property
    def needs_all_facts(self) -> bool:
        """Whether a format shows more of the node than checks ask for."""
        return bool(self.formats & {ReportFormat.MARKDOWN, ReportFormat.HTML, ReportFormat.GITHUB})

    @property
    def files(self) -> tuple[tuple[ReportFormat, Path], ...]:
        """The formats that go to files."""
        return tuple((form, file) for form, file in self.wanted if file != STREAM)

    @property
    def printed(self) -> ReportFormat | None:
        """The format that goes to standard output."""
        return next((form for form, file in self.wanted if file == STREAM), None)


_promised: Final[ContextVar[Delivery | None]] = ContextVar("_promised", default=None)
"""What is to be written, once the files of earlier runs are gone."""


def delivery(
    main: ReportFormat, output: Path | None, extra: Sequence[str] | None, read: Iterable[Path | None] = ()
) -> Delivery:
    """Return what is wanted, and remove the reports of earlier runs. `read` are the files that the command reads.

    Raises UsageError for what cannot be written, before any work is done: what can be then gets that as its error.
    """
    _promised.set(None)
    wanted = ((main, output or STREAM), *map(_chosen, extra or ()))
    if wanted == ((main, STREAM),):
        _promised.set(promised := Delivery(wanted=wanted))
        return promised
    from verl_doctor.destinations import clear

    cleared = clear([file for _, file in wanted], [file for file in read if file is not None])
    possible = tuple((form, file) for form, file in wanted if file not in cleared.refusals)
    _promised.set(promised := Delivery(wanted=possible, modes=cleared.modes))
    cleared.require_all()
    return promised


def tell_failure(told: str, *, is_printed: bool) -> None:
    """Write why there is no answer, as JSON, to where JSON was to be written.

    Where that is not known, or may not be written, files are left alone, and `is_printed` says whether it is printed.
    """
    if promised := _promised.get():
        is_printed = promised.printed is ReportFormat.JSON
        for form, file in promised.files:
            if form is ReportFormat.JSON and (refused := _written(told, file, promised.modes)):
                sys.stderr.write(f"verl-doctor: {in_a_line(refused)}\n")
    if is_printed:
        sys.stdout.write(told)


def _chosen(text: str) -> tuple[ReportFormat, Path]:
    name, _, file = text.partition("=")
    known = [each.value for each in ReportFormat]
    if name not in known or not file:
        raise UsageError(f"--report takes FORMAT=FILE with a format of {', '.join(known)}, not {text!r}.")
    return ReportFormat(name), Path(file)


def require_text_or_json(wanted: Delivery) -> None:
    """Raise UsageError for a format that a report of many nodes does not have."""
    if other := sorted(form.value for form in wanted.formats - {ReportFormat.TEXT, ReportFormat.JSON}):
        raise UsageError(f"With --ray a report is text or json, for one node also {', '.join(other)}.")


def deliver(report: Told, wanted: Delivery, exit_code: int) -> int:
    """Write a report, the files first, and say on standard error what cannot be written.

    Return the exit code: that of the answer, but 3 instead of 0 where something could not be written.
    """
    failures = [told for form, file in wanted.files if (told := _refused(report, form, file, wanted.modes))]
    if ReportFormat.GITHUB in wanted.formats and (told := _job_summary_refused(report)):
        failures.append(told)
    try:
        if wanted.printed and (told := _print_refused(report, wanted.printed)):
            failures.append(told)
    finally:
        for told in failures:
            sys.stderr.write(f"verl-doctor: {in_a_line(told)}\n")
    return exit_code or (3 if failures else 0)


def _refused(report: Told, form: ReportFormat, file: Path, modes: Mapping[Path, int]) -> str | None:
    """Write a report to a file; return why that could not be."""
    try:
        text = report.render(form.value)
    except Exception as error:  # noqa: BLE001 - a format that breaks must not cost the others
        return f"{file} is not written: {failure(error).message}"
    return _written(text, file, modes)


def _written(text: str, file: Path, modes: Mapping[Path, int]) -> str | None:
    """Write a text to a file; return why that could not be."""
    from verl_doctor import whole_file

    try:
        whole_file.write(file, text, modes.get(file))
    except WriteFailedError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a text that cannot be encoded must not cost the others
        return f"{file} is not written: {failure(error).message}"
    return None


def _job_summary_refused(report: Told) -> str | None:
    """Append to the job's summary, and say where it is shortened; return why it could not be."""
    from verl_doctor.report import github

    try:
        if told := github.append_summary(os.environ, report.job_summary):
            sys.stderr.write(f"verl-doctor: {in_a_line(told)}\n")
    except WriteFailedError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a format that breaks must not cost the others
        return f"The job summary is not written: {failure(error).message}"
    return None


def _print_refused(report: Told, form: ReportFormat) -> str | None:
    """Print a report; return why that could not be. Raises BrokenPipeError where the reader has left."""
    try:
        _print(report, form)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        streams.give_up_output()
        return f"Standard output cannot be written: {error.strerror}."
    return None


def _print(report: Told, form: ReportFormat) -> None:
    if form is ReportFormat.TEXT:
        from verl_doctor.report.console import console

        report.text(console(sys.stdout))
    else:
        sys.stdout.write(report.render(form.value))
