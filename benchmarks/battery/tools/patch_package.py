"""patch-package, the one for Python."""

from __future__ import annotations

import re

from benchmarks.battery import installing
from benchmarks.battery.running import Command
from benchmarks.battery.subject import Subject
from benchmarks.battery.tool import Tool
from benchmarks.battery.workshop import VERSION


class PatchPackage(Tool):
    """patch-package for Python, installed into the environment that it patches."""

    name = "patch-package (Python)"
    use = (
        "Installed into the environment; `patch-package` in a folder with `patches/vllm==0.7.2.patch`, the paths in it "
        "without `a/` and `b/`, as it writes them itself."
    )

    def version(self) -> str:
        """Return its version."""
        return installing.version_from_pypi(self.workshop, "patch-package")

    def prepare(self, subject: Subject) -> None:
        """Install it, and write the patch in its dialect."""
        installing.into(self.workshop, subject, "patch-package")
        patches = subject.project / "patches"
        patches.mkdir()
        diff = re.sub(rb"^(---|\+\+\+) [ab]/", rb"\1 ", self.workshop.patch.read_bytes(), flags=re.MULTILINE)
        (patches / f"vllm=={VERSION}.patch").write_bytes(diff)

    def apply(self, subject: Subject) -> Command:
        """Apply the patch."""
        return Command(argv=(str(subject.root / "bin/patch-package"),), cwd=subject.project)


TOOL = PatchPackage
