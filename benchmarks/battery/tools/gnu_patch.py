"""GNU patch."""

from __future__ import annotations

from benchmarks.battery.running import Command, must, program
from benchmarks.battery.subject import Subject
from benchmarks.battery.tool import Tool


class GnuPatch(Tool):
    """patch, in the folder of installed packages."""

    name = "GNU patch"
    use = (
        "`patch -p1 --forward -i FILE` in the folder of installed packages (`--forward`: ask nothing); status is "
        "whether `patch -p1 --reverse --force --dry-run` succeeds."
    )

    def version(self) -> str:
        """Return its version."""
        return must(Command(argv=(self._program(), "--version"), cwd=self.workshop.folder)).output.split()[2]

    def apply(self, subject: Subject) -> Command:
        """Apply the patch."""
        return self._command(subject, "--forward")

    def dry_run(self, subject: Subject) -> Command:
        """Try it."""
        return self._command(subject, "--forward", "--dry-run")

    def status(self, subject: Subject) -> Command:
        """Try to take it back."""
        return self._command(subject, "--reverse", "--force", "--dry-run")

    def revert(self, subject: Subject) -> Command:
        """Take the patch back."""
        return self._command(subject, "--reverse", "--force")

    def _command(self, subject: Subject, *options: str) -> Command:
        return Command(argv=(self._program(), "-p1", *options, "-i", str(self.workshop.patch)), cwd=subject.files)

    def _program(self) -> str:
        return program("patch", "patch")


TOOL = GnuPatch
