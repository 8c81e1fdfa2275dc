"""verl-doctor, from this checkout."""

from __future__ import annotations

import json
import sys

from benchmarks.battery.running import Command, Ran, must
from benchmarks.battery.subject import Subject
from benchmarks.battery.tool import Tool
from benchmarks.battery.workshop import PATCHES, ROOT


class Doctor(Tool):
    """It brings the three patches along, and is installed elsewhere than what it patches."""

    name = "verl-doctor"
    use = f"`verl-doctor patch {' '.join(PATCHES)} --prefix ENVIRONMENT`, with `--apply`, `--status` or `--revert`."

    def version(self) -> str:
        """Return its version."""
        return must(Command(argv=(sys.executable, "-m", "verl_doctor", "--version"), cwd=ROOT)).output.split()[-1]

    def apply(self, subject: Subject) -> Command:
        """Apply the patch."""
        return self._command(subject, "--apply")

    def dry_run(self, subject: Subject) -> Command:
        """Show the diff."""
        return self._command(subject)

    def status(self, subject: Subject) -> Command:
        """Say whether the patch is applied."""
        return self._command(subject, "--status", "--format", "json")

    def says_applied(self, ran: Ran) -> bool:
        """Read the states."""
        return {patch["state"] for patch in json.loads(ran.output)["patches"]} == {"applied"}

    def revert(self, subject: Subject) -> Command:
        """Take the patch back."""
        return self._command(subject, "--revert")

    def _command(self, subject: Subject, *options: str) -> Command:
        doctor = (sys.executable, "-m", "verl_doctor", "patch", *PATCHES)
        return Command(argv=(*doctor, "--prefix", str(subject.root), *options), cwd=ROOT)


TOOL = Doctor
