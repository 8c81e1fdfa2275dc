"""verl-doctor at work on a mounted file system: what the questions are asked of."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.battery.case import Case
from benchmarks.battery.running import Command, Ran, run
from benchmarks.battery.subject import Environment, Subject
from benchmarks.battery.tools.doctor import Doctor
from benchmarks.battery.workshop import VERSION, Workshop
from benchmarks.filesystems.condition import condition
from benchmarks.filesystems.system import Mounted, System

OTHER_NODE = ("unshare", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c")
"""Another host name, and processes that cannot be seen from here, as on another machine."""

Ask = Callable[[Subject], Command]


@dataclass(frozen=True, slots=True)
class Site:
    """A mounted file system, and the tool that installs on it and patches there."""

    system: System
    mounted: Mounted
    tool: Doctor

    def command(self, ask: Ask, case: Case, node: int = 0) -> Command:
        """Return a command of the tool as a node gives it, with the paths that this node knows."""
        command = ask(self._seen_at(self.mounted.nodes[node], case).subject)
        if node == 0 or not _can_be_another_node():
            return command
        name = ('hostname "$0"; "$@"; exit $?', f"node-{node}")
        return Command(argv=(*OTHER_NODE, *name, *command.argv), cwd=command.cwd, env=command.env)

    def condition(self, case: Case) -> str:
        """Return "old", "new", or what is wrong, as it is on the server where there is one."""
        return condition(self._seen_at(self.mounted.truth or self.mounted.nodes[0], case))

    def settle(self) -> None:
        """Wait until each node sees what another wrote."""
        time.sleep(self.system.settles)

    def _seen_at(self, there: Path, case: Case) -> Case:
        seen, subject = copy.copy(case), copy.copy(case.subject)
        here = self.mounted.nodes[0]
        subject.root, subject.files = (there / each.relative_to(here) for each in (subject.root, subject.files))
        seen.subject = subject
        return seen

    def run(self, ask: Ask, case: Case, node: int = 0) -> Ran:
        """Run a command of the tool on a node."""
        return run(self.command(ask, case, node))


@cache
def _can_be_another_node() -> bool:
    return run(Command(argv=(*OTHER_NODE, "hostname node"), cwd=Path("/"))).code == 0


def at(system: System, mounted: Mounted, workshop: Workshop) -> Site:
    """Return the site on a mounted file system."""

    class Installed(Environment):
        """An environment on this file system."""

        link_mode = system.link_mode

        def __init__(self, workshop: Workshop, version: str = VERSION, *, is_broken: bool = False) -> None:
            super().__init__(workshop, version, is_broken=is_broken)
            mounted.seal()

    class Here(Doctor):
        """The tool, for such environments."""

        kind = Installed

    return Site(system, mounted, Here(workshop.at(mounted.nodes[0])))
