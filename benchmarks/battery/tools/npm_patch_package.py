"""patch-package, the one for npm."""

from __future__ import annotations

import re

from benchmarks.battery import installing
from benchmarks.battery.running import Command, program
from benchmarks.battery.subject import NodeProject, Subject
from benchmarks.battery.tool import Tool
from benchmarks.battery.workshop import VERSION


class NpmPatchPackage(Tool):
    """patch-package for npm: it patches node_modules, so the files are given to it as a package there."""

    name = "patch-package (npm)"
    use = (
        "It patches only `node_modules`: the files were packed as an npm package called vllm, installed by npm; "
        "`patch-package --error-on-fail` (its default in CI) and `--reverse` in a project with "
        "`patches/vllm+0.7.2.patch`, the paths in it under `node_modules/`, as it writes them itself."
    )
    kind = NodeProject

    def version(self) -> str:
        """Return its version."""
        program("node", "nodejs")
        return installing.version_from_npm(self.workshop, "patch-package")

    def prepare(self, subject: Subject) -> None:
        """Write the patch in its dialect."""
        patches = subject.project / "patches"
        patches.mkdir()
        lines = []
        for line in self.workshop.patch.read_text().splitlines(keepends=True):
            if path := re.match(r"--- a/(\S+)", line):
                lines.append(f"diff --git a/node_modules/{path[1]} b/node_modules/{path[1]}\n")
            lines.append(re.sub(r"^(---|\+\+\+) ([ab])/", r"\1 \2/node_modules/", line))
        (patches / f"vllm+{VERSION}.patch").write_text("".join(lines))

    def apply(self, subject: Subject) -> Command:
        """Apply the patch."""
        return self._command(subject)

    def revert(self, subject: Subject) -> Command:
        """Take the patch back."""
        return self._command(subject, "--reverse")

    def _command(self, subject: Subject, *options: str) -> Command:
        tool = installing.from_npm(self.workshop, "patch-package") / "index.js"
        return Command(argv=(program("node", "nodejs"), str(tool), "--error-on-fail", *options), cwd=subject.project)


TOOL = NpmPatchPackage
