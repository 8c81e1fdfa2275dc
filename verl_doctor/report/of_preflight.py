"""The report of a preflight, in any format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from verl_doctor.report.written import Report

if TYPE_CHECKING:
    from rich.console import Console

    from verl_doctor.facts.snapshot import Facts
    from verl_doctor.matrix.matrix import Matrix
    from verl_doctor.preflight.result import Preflight
    from verl_doctor.report.account import Account


@dataclass(frozen=True, kw_only=True)
class OfPreflight(Report):
    """The report of a preflight, as of a day. `is_quiet` leaves the last line of the text, `is_verbose` adds to it."""

    preflight: Preflight
    matrix: Matrix
    today: date
    is_quiet: bool = False
    is_verbose: bool = False
    with_facts: bool = False

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

        return render(self.preflight, self.today, with_facts=self.with_facts)

    def html(self) -> str:
        """Return the page."""
        from verl_doctor.report.html.page import render

        return render(self.account, self.preflight.check, self.matrix, self.preflight)
