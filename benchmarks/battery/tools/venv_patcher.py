"""venv-patcher."""

from __future__ import annotations

import shutil

from benchmarks.battery import installing
from benchmarks.battery.running import Command, Ran, program
from benchmarks.battery.subject import Subject
from benchmarks.battery.tool import Tool

PATCHES = """\
version: 1
patches:
  - package: vllm
    path: {name}
    apply-command: git apply -p2
"""


class VenvPatcher(Tool):
    """venv-patcher, installed into the environment that it patches."""

    name = "venv-patcher"
    use = (
        "Installed into the environment; `venv-patcher apply -f patches.yml`, `list` and `reset`; the file says "
        "`apply-command: git apply -p2`, as the patch is a plain diff."
    )

    def version(self) -> str:
        """Return its version."""
        program("git", "git")
        return installing.version_from_pypi(self.workshop, "venv-patcher")

    def prepare(self, subject: Subject) -> None:
        """Install it, and write the file that describes the patch."""
        installing.into(self.workshop, subject, "venv-patcher")
        shutil.copy(self.workshop.patch, subject.project)
        (subject.project / "patches.yml").write_text(PATCHES.format(name=self.workshop.patch.name))

    def apply(self, subject: Subject) -> Command:
        """Apply the patch."""
        return self._command(subject, "apply", "-f", "patches.yml")

    def status(self, subject: Subject) -> Command:
        """List what is applied."""
        return self._command(subject, "list")

    def says_applied(self, ran: Ran) -> bool:
        """Look for the patch in the list."""
        return "[OK]" in ran.output

    def revert(self, subject: Subject) -> Command:
        """Take the patch back."""
        return self._command(subject, "reset")

    def _command(self, subject: Subject, *argv: str) -> Command:
        return Command(argv=(str(subject.root / "bin/venv-patcher"), *argv), cwd=subject.project)


TOOL = VenvPatcher
