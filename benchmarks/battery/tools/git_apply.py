"""git apply."""

from __future__ import annotations

from benchmarks.battery.running import Command, must, program
from benchmarks.battery.subject import Subject
from benchmarks.battery.tool import Tool


class GitApply(Tool):
    """git apply, in the folder of installed packages, which is no repository."""

    name = "git apply"
    use = (
        "`git apply FILE` in the folder of installed packages, which is no repository; status is whether "
        "`git apply --check --reverse` succeeds."
    )

    def version(self) -> str:
        """Return git's version."""
        return must(Command(argv=(self._program(), "--version"), cwd=self.workshop.folder)).output.split()[2]

    def apply(self, subject: Subject) -> Command:
        """Apply the patch."""
        return self._command(subject)

    def dry_run(self, subject: Subject) -> Command:
        """Try it."""
        return self._command(subject, "--check")

    def status(self, subject: Subject) -> Command:
        """Try to take it back."""
        return self._command(subject, "--check", "--reverse")

    def revert(self, subject: Subject) -> Command:
        """Take the patch back."""
        return self._command(subject, "--reverse")

    def _command(self, subject: Subject, *options: str) -> Command:
        return Command(argv=(self._program(), "apply", *options, str(self.workshop.patch)), cwd=subject.files)

    def _program(self) -> str:
        return program("git", "git")


TOOL = GitApply
