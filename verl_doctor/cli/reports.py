"""The options that say how a report is written and where, and writing it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor import streams
from verl_doctor.errors import UsageError, WriteFailedError, failure

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
    typer.Option("--output", "-o", metavar="FILE", readable=False, help="Write the report to this file."),
]
Extra = Annotated[
    list[str] | None,
    typer.Option(
        "--report", metavar="FORMAT=FILE", help="Also write the report in this format to a file. May be given again."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """In which formats a report is wanted: one on standard output or in `output`, others in files."""

    main: ReportFormat
    output: Path | None
    extra: tuple[tuple[ReportFormat, Path], ...]

    @property
    def formats(self) -> set[ReportFormat]:
        """All formats that are wanted."""
        return {self.main, *(each for each, _ in self.extra)}

    @property
    def needs_all_facts(self) -> bool:
        """Whether a format shows more of the node than checks ask for."""
        return bool(self.formats & {ReportFormat.MARKDOWN, ReportFormat.HTML, ReportFormat.GITHUB})


def delivery(main: ReportFormat, output: Path | None, extra: Sequence[str] | None) -> Delivery:
    """Return what is wanted. Raises UsageError for what cannot be written, before any work is done."""
    chosen = tuple(map(_chosen, extra or ()))
    files = [file for file in (output, *(file for _, file in chosen)) if file is not None]
    for file in files:
        if not file.absolute().parent.is_dir():
            raise UsageError(f"{file} cannot be written: {file.absolute().parent} is no folder.")
        if file.is_dir():
            raise UsageError(f"{file} cannot be written: it is a folder.")
    if len({file.absolute() for file in files}) < len(files):
        raise UsageError("Two reports cannot go to the same file.")
    return Delivery(main=main, output=output, extra=chosen)


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
    files = [(wanted.main, wanted.output)] if wanted.output else []
    failures = [told for form, file in (*files, *wanted.extra) if (told := _refused(report, form, file))]
    if ReportFormat.GITHUB in wanted.formats and (told := _job_summary_refused(report)):
        failures.append(told)
    try:
        if wanted.output is None and (told := _print_refused(report, wanted.main)):
            failures.append(told)
    finally:
        for told in failures:
            sys.stderr.write(f"verl-doctor: {told}\n")
    return exit_code or (3 if failures else 0)


def _refused(report: Told, form: ReportFormat, file: Path) -> str | None:
    """Write a report to a file; return why that could not be."""
    from verl_doctor import whole_file

    try:
        whole_file.write(file, report.render(form.value))
    except WriteFailedError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a format that breaks must not cost the others
        return f"{file} is not written: {failure(error).message}"
    return None


def _job_summary_refused(report: Told) -> str | None:
    from verl_doctor.report import github

    try:
        github.append_summary(os.environ, report.job_summary)
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
