"""What a patch tool has to tell the battery: how it is installed, and its commands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from benchmarks.battery.running import Command, LackingError, Ran
from benchmarks.battery.subject import Environment, Subject
from benchmarks.battery.workshop import Workshop


class Tool(ABC):
    """A patch tool, used the way its own documentation says. A command it lacks raises LackingError."""

    name: ClassVar[str]
    use: ClassVar[str]
    """One sentence on how it was used, in Markdown."""
    kind: ClassVar[type[Subject]] = Environment
    nothing_to_do: ClassVar[frozenset[int]] = frozenset({0})
    """The exit codes that its documentation gives to "there was nothing left to do"."""

    def __init__(self, workshop: Workshop) -> None:
        self.workshop = workshop

    @abstractmethod
    def version(self) -> str:
        """Return its version. Raises UnavailableError where it cannot be run here."""

    @abstractmethod
    def apply(self, subject: Subject) -> Command:
        """Apply the patch."""

    def prepare(self, subject: Subject) -> None:
        """Put the patch, and the tool where it belongs into the environment, in place."""
        del subject

    def dry_run(self, subject: Subject) -> Command:
        """Say what applying would do."""
        del subject
        raise LackingError("no such command")

    def status(self, subject: Subject) -> Command:
        """Say whether the patch is applied."""
        del subject
        raise LackingError("no such command")

    def says_applied(self, ran: Ran) -> bool:
        """Read the answer of the status command."""
        return ran.code == 0

    def revert(self, subject: Subject) -> Command:
        """Take the patch back."""
        del subject
        raise LackingError("no such command")
