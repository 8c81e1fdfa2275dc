"""Many writers at once."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell
from benchmarks.battery.running import DEADLINE, started
from benchmarks.filesystems.condition import NEW, OLD
from benchmarks.filesystems.question import question
from benchmarks.filesystems.questions.interruptions import said, told
from benchmarks.filesystems.site import Site

WRITERS = 8
ROUNDS = 3


@question("eight writers")
def eight_writers(site: Site) -> Cell:
    """Four that apply and four that revert at once all succeed.

    They leave exactly the old or exactly the new installation, and a revert, when every node sees all, exactly the old.
    """
    return _rounds(site, nodes=1)


@question("eight writers on two nodes", nodes=2)
def eight_writers_on_two_nodes(site: Site) -> Cell:
    """The same with four of them on each of two nodes, two that apply and two that revert."""
    return _rounds(site, nodes=2)


def _rounds(site: Site, nodes: int) -> Cell:
    wrong: Counter[str] = Counter()
    case = Case(site.tool)
    for _ in range(ROUNDS):
        wrong += _round(site, case, nodes)
        if nodes > 1:
            site.settle()
        ran = site.run(site.tool.revert, case)
        found = site.condition(case)
        if ran.code or found != OLD:
            wrong[f"reverted afterwards: exit {ran.code}, {found} {said(ran.output)}"] += 1
            case = Case(site.tool)
    return Cell("no" if wrong else "yes", f"in {ROUNDS} rounds: {told(wrong)}" if wrong else "")


def _round(site: Site, case: Case, nodes: int) -> Counter[str]:
    """Let all write at once; return what was wrong."""
    wrong: Counter[str] = Counter()
    asks = (site.tool.apply, site.tool.revert)
    commands = [site.command(asks[n % 2], case, node=n // 2 % nodes) for n in range(WRITERS)]
    with ExitStack() as stack:
        for process in [stack.enter_context(started(command)) for command in commands]:
            output, _ = process.communicate(timeout=DEADLINE)
            if process.returncode:
                wrong[f"a writer ended with {process.returncode} {said(output)}"] += 1
    found = site.condition(case)
    if found not in (OLD, NEW):
        wrong[f"afterwards {found}"] += 1
    return wrong
