"""A report in any format: each is a module of its own, loaded when it is wanted."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from verl_doctor.facts.snapshot import Facts
    from verl_doctor.report.account import Account
    from verl_doctor.report.markdown import Summary


class Told(ABC):
    """What can be written as text and as JSON."""

    @abstractmethod
    def text(self, console: Console) -> None:
        """Print it for a person."""

    @abstractmethod
    def json(self) -> str:
        """Return the contract."""

    def render(self, form: str) -> str:
        """Return the report in one of these formats. Raises LookupError for another."""
        match form:
            case "text":
                return self._as_text()
            case "json":
                return self.json()
            case _:
                raise LookupError(form)

    def job_summary(self, room: int) -> Summary:
        """Return what GitHub shows of a job, in so many bytes. Raises LookupError where that is no format of this."""
        raise LookupError(f"github, {room} bytes")

    def _as_text(self) -> str:
        from rich.console import Console

        from verl_doctor.report.console import UNFOLDED
        from verl_doctor.report.plain_text import printable

        held = io.StringIO()
        self.text(Console(file=held, highlight=False, width=UNFOLDED, no_color=True))
        return printable(held.getvalue())


class Report(Told):
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
    def html(self) -> str:
        """Return the page."""

    def render(self, form: str) -> str:
        """Return the report in a format."""
        match form:
            case "text" | "json":
                return super().render(form)
            case "html":
                return self.html()
            case "markdown":
                from verl_doctor.report import markdown

                return markdown.render(self.account, self.facts)
            case _:
                return _renderer(form)(self.account)

    def job_summary(self, room: int) -> Summary:
        """Return what GitHub shows on the page of a job, in so many bytes."""
        from verl_doctor.report import markdown

        return markdown.summary(self.account, self.facts, room)


def _renderer(form: str) -> Callable[[Account], str]:
    import importlib

    render: Callable[[Account], str] = importlib.import_module(f"verl_doctor.report.{form}").render
    return render
