"""p12y, the command of the Python package patch-package-py."""

from __future__ import annotations

import shutil

from benchmarks.battery import installing
from benchmarks.battery.running import Command, LackingError, program
from benchmarks.battery.subject import Subject
from benchmarks.battery.tool import Tool
from benchmarks.battery.workshop import VERSION


class P12y(Tool):
    """p12y, installed elsewhere than what it patches."""

    name = "p12y"
    use = (
        "The command of the Python package patch-package-py; `p12y apply -e ENVIRONMENT` in a folder with "
        "`patches/vllm+0.7.2.patch`."
    )

    def version(self) -> str:
        """Return its version."""
        program("patch", "patch")
        return installing.version_from_pypi(self.workshop, "patch-package-py")

    def prepare(self, subject: Subject) -> None:
        """Put the patch where it looks for it."""
        patches = subject.project / "patches"
        patches.mkdir()
        shutil.copy(self.workshop.patch, patches / f"vllm+{VERSION}.patch")

    def apply(self, subject: Subject) -> Command:
        """Apply the patch."""
        tool = installing.from_pypi(self.workshop, "patch-package-py") / "bin/p12y"
        return Command(argv=(str(tool), "apply", "-e", str(subject.root)), cwd=subject.project)

    def revert(self, subject: Subject) -> Command:
        """Raise LackingError."""
        del subject
        raise LackingError("no such command; `p12y apply --restore` reinstalls the package and applies again")


TOOL = P12y
