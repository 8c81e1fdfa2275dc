"""The report of a check, in any format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from verl_doctor.examine import Report as CheckReport
from verl_doctor.model import Severity
from verl_doctor.report.written import Report

if TYPE_CHECKING:
    from rich.console import Console

    from verl_doctor.facts.snapshot import Facts
    from verl_doctor.matrix.matrix import Matrix
    from verl_doctor.report.account import Account


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
        from rich.text import Text

        from verl_doctor.report.fold import fold
        from verl_doctor.report.plain_text import in_a_line
        from verl_doctor.report.text_report import render

        render(self.check, console)
        if self.exit_code == 1 and not self.check.primary:
            console.print()
            fold(console, 0, Text(in_a_line(self.account.summary), style="bold"))

    def json(self) -> str:
        """Return the contract."""
        from verl_doctor.report.json_report import render

        return render(self.check, self.exit_code, with_facts=self.with_facts) + "\n"

    def html(self) -> str:
        """Return the page."""
        from verl_doctor.report.html.page import render

        return render(self.account, self.check, self.matrix)
