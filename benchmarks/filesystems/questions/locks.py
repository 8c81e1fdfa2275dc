"""Whether a writer keeps others out, on its own node and on another, and only while it lives."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from subprocess import TimeoutExpired

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell
from benchmarks.battery.running import DEADLINE, Command, started
from benchmarks.battery.stops import Standing
from benchmarks.filesystems.condition import COULD_NOT, NEW, REFUSED, is_sentence
from benchmarks.filesystems.question import question
from benchmarks.filesystems.questions.interruptions import said
from benchmarks.filesystems.site import Site
from benchmarks.filesystems.stepped import counted, operations, standing

PATIENCE = 2.0
"""Seconds, besides three times what a run takes, after which a run that has written nothing is taken to be waiting."""

SHARES = (0.0, 0.3, 0.6, 0.9)
"""Where the first run stands still, as shares of what it does."""


@question("second writer waits")
def second_writer(site: Site) -> Cell:
    """While one run stands still (SIGSTOP), a second writes nothing; when the first goes on, both succeed."""
    return _asked(site, 0, 0, is_killed=False)


@question("dead writer")
def dead_writer(site: Site) -> Cell:
    """When the first is killed as it stands, the second goes on, and leaves exactly the new installation."""
    return _asked(site, 0, 0, is_killed=True)


@question("second node waits", nodes=2)
def second_node(site: Site) -> Cell:
    """While a run on one node stands still, one on the other writes nothing; when the first goes on, both succeed."""
    there, back = (_asked(site, *nodes, is_killed=False) for nodes in ((0, 1), (1, 0)))
    return there if there.mark == "no" else back


@question("dead node", nodes=2)
def dead_node(site: Site) -> Cell:
    """When the run on one node is killed, the one on the other goes on, and leaves exactly the new installation."""
    there, back = (_asked(site, *nodes, is_killed=True) for nodes in ((0, 1), (1, 0)))
    return there if there.mark == "no" else back


@question("refuses in the end", nodes=2)
def refuses(site: Site) -> Cell:
    """While a run on one node stands still for longer than the other waits, one fails, with exit code 3 or 1.

    It writes nothing (more), and the other one patches. Where the system knows that the first lives, it is the second
    that says so, in one sentence; where nodes see only its lease, it is the first, which was taken for dead.
    """
    with tempfile.TemporaryDirectory() as logs:
        case, place = Case(site.tool), _places(site, Path(logs))[1]
        with standing(site.command(site.tool.apply, case), place, Path(logs) / "first") as first:
            ran = site.run(site.tool.apply, case, node=1)
            is_old = case.look().is_unchanged
            code = first.go_on()
    found = site.condition(case)
    is_refused = (ran.code, code) == (COULD_NOT, 0) and is_old and is_sentence(ran.output)
    is_taken_over = ran.code == 0 and code in {REFUSED, COULD_NOT}
    is_right = found == NEW and (is_refused or is_taken_over)
    return Cell("yes" if is_right else "no", f"exit {code}, and exit {ran.code} {said(ran.output)}; in the end {found}")


def _asked(site: Site, first: int, second: int, *, is_killed: bool) -> Cell:
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        started_at = time.monotonic()
        places = _places(site, logs)
        patience = PATIENCE + 3 * (time.monotonic() - started_at)
        for place in places:
            case = Case(site.tool)
            log = logs / f"first-{place}"
            with standing(site.command(site.tool.apply, case, first), place, log) as stopped:
                words = _second(
                    site.command(site.tool.apply, case, second), stopped, logs / f"{place}", patience, is_killed
                )
            found = site.condition(case)
            words += [] if found == NEW else [f"in the end {found}"]
            wrong += [f"node {first} at operation {place}, node {second}: {', '.join(words)}"] if words else []
    return Cell("no" if wrong else "yes", "; ".join(wrong))


def _second(command: Command, first: Standing, log: Path, patience: float, is_killed: bool) -> list[str]:
    """Run a second writer while the first stands, then end that or let it go on; return what was wrong."""
    wrong = []
    with started(counted(command, log)) as second:
        try:
            output, _ = second.communicate(timeout=patience)
            wrong.append("the second did not wait")
        except TimeoutExpired:
            wrong += ["the second wrote while the first stood"] if log.exists() and log.stat().st_size else []
        if is_killed:
            first.kill()
        elif code := first.go_on():
            wrong.append(f"the first ended with {code}")
        output, _ = second.communicate(timeout=DEADLINE)
        if second.returncode:
            wrong.append(f"the second ended with {second.returncode} {said(output)}")
    return wrong


def _places(site: Site, logs: Path) -> list[int]:
    """Return the operations before which the first run stands still."""
    total = operations(site.command(site.tool.apply, Case(site.tool)), logs / "all")
    return [1 + int(total * share) for share in SHARES]
