"""quilt."""

from __future__ import annotations

import shutil

from benchmarks.battery.running import Command, Ran, must, program
from benchmarks.battery.subject import Subject
from benchmarks.battery.tool import Tool


class Quilt(Tool):
    """quilt, in the folder of installed packages, its series of patches kept elsewhere."""

    name = "quilt"
    use = (
        "`quilt push -a`, `quilt applied` and `quilt pop -a` in the folder of installed packages; `QUILT_PATCHES` "
        "names a folder elsewhere."
    )
    nothing_to_do = frozenset({0, 2})

    def version(self) -> str:
        """Return its version."""
        return must(Command(argv=(self._program(), "--version"), cwd=self.workshop.folder)).output.strip()

    def prepare(self, subject: Subject) -> None:
        """Write a series of one patch."""
        patches = subject.project / "patches"
        patches.mkdir()
        shutil.copy(self.workshop.patch, patches)
        (patches / "series").write_text(f"{self.workshop.patch.name}\n")

    def apply(self, subject: Subject) -> Command:
        """Apply the patch."""
        return self._command(subject, "push", "-a")

    def status(self, subject: Subject) -> Command:
        """List what is applied."""
        return self._command(subject, "applied")

    def says_applied(self, ran: Ran) -> bool:
        """Look for the patch in the list."""
        return self.workshop.patch.name in ran.output

    def revert(self, subject: Subject) -> Command:
        """Take the patch back."""
        return self._command(subject, "pop", "-a")

    def _command(self, subject: Subject, *argv: str) -> Command:
        env = {"QUILT_PATCHES": str(subject.project / "patches")}
        return Command(argv=(self._program(), "--quiltrc", "-", *argv), cwd=subject.files, env=env)

    def _program(self) -> str:
        return program("quilt", "quilt")


TOOL = Quilt
