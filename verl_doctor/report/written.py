"""A report in any format: each is a module of its own, loaded when it is wanted."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from verl_doctor.examine import Report as CheckReport
from verl_doctor.model import Severity

if TYPE_CHECKING:
    from rich.console import Console

    from verl_doctor.facts.snapshot import Facts
    from verl_doctor.matrix.matrix import Matrix
    from verl_doctor.preflight.result import Preflight
    from verl_doctor.report.account import Account


class Report(ABC):
    """What can be written in every format."""

    @property
    @abstractmethod
    def account(self) -> Account:
        """What there is to report."""

    @property
    @abstractmethod
    def facts(self) -> Facts:
        """The node that was examined."""

    @abstractmethod
    def text(self, console: Console) -> None:
        """Print it for a person."""

    @abstractmethod
    def json(self) -> str:
        """Return the contract."""

    @abstractmethod
    def html(self) -> str:
        """Return the page."""

    def render(self, form: str) -> str:
        """Return the report in a format."""
        match form:
            case "text":
                return self._as_text()
            case "json":
                return self.json()
            case "html":
                return self.html()
            case "markdown":
                from verl_doctor.report import markdown

                return markdown.render(self.account, self.facts)
            case _:
                return _renderer(form)(self.account)

    def job_summary(self) -> str:
        """Return what GitHub shows on the page of a job."""
        from verl_doctor.report import markdown

        return markdown.summary(self.account, self.facts)

    def _as_text(self) -> str:
        from rich.console import Console

        from verl_doctor.report.console import UNFOLDED

        held = io.StringIO()
        self.text(Console(file=held, highlight=False, width=UNFOLDED, no_color=True))
        return held.getvalue()


def _renderer(form: str) -> Callable[[Account], str]:
    import importlib

    render: Callable[[Account], str] = importlib.import_module(f"verl_doctor.report.{form}").render
    return render


@dataclass(frozen=True, kw_only=True)
class OfCheck(Report):
    """The report of a check."""

    check: CheckReport
    exit_code: int
    fail_on: Severity
    matrix: Matrix
    with_facts: bool = False

    @property
    def account(self) -> Account:
        """What there is to report."""
        from verl_doctor.report.accounts import of_check

        return of_check(self.check, self.exit_code, self.fail_on)

    @property
    def facts(self) -> Facts:
        """The node that was examined."""
        return self.check.facts

    def text(self, console: Console) -> None:
        """Print it for a person."""
        from verl_doctor.report.text_report import render

        render(self.check, console)

    def json(self) -> str:
        """Return the contract."""
        from verl_doctor.report.json_report import render

        return render(self.check, self.exit_code, with_facts=self.with_facts) + "\n"

    def html(self) -> str:
        """Return the page."""
        from verl_doctor.report.html.page import render

        return render(self.account, self.check, self.matrix)


@dataclass(frozen=True, kw_only=True)
class OfPreflight(Report):
    """The report of a preflight, as of a day. `is_quiet` leaves the last line of the text, `is_verbose` adds to it."""

    preflight: Preflight
    matrix: Matrix
    today: date
    is_quiet: bool = False
    is_verbose: bool = False

    @property
    def account(self) -> Account:
        """What there is to report."""
        from verl_doctor.report.accounts import of_preflight

        return of_preflight(self.preflight)

    @property
    def facts(self) -> Facts:
        """The node that was examined."""
        return self.preflight.check.facts

    def text(self, console: Console) -> None:
        """Print it for a person."""
        from verl_doctor.preflight.summary import summary
        from verl_doctor.report.preflight_text import render

        if self.is_quiet:
            console.print(summary(self.preflight), soft_wrap=True, markup=False, emoji=False)
        else:
            render(self.preflight, console, verbose=self.is_verbose)

    def json(self) -> str:
        """Return the contract."""
        from verl_doctor.report.preflight_json import render

        return render(self.preflight, self.today)

    def html(self) -> str:
        """Return the page."""
        from verl_doctor.report.html.page import render

        return render(self.account, self.preflight.check, self.matrix, self.preflight)
