"""What the commands do when all is well: rows of the battery of patch tools, and what another node sees."""

from __future__ import annotations

import time

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell
from benchmarks.battery.rows import commands, surroundings
from benchmarks.filesystems.question import from_battery, question
from benchmarks.filesystems.site import Site

PATIENCE = 60.0
"""Seconds for another node to see a change."""

APPLY = from_battery(commands.apply)
APPLY_AGAIN = from_battery(commands.apply_again)
STATUS = from_battery(commands.status)
REVERT = from_battery(commands.revert)
RECORD_AFTER_APPLY = from_battery(surroundings.record_after_apply)
RECORD_AFTER_REVERT = from_battery(surroundings.record_after_revert)


@question("seen by the other node", nodes=2)
def other_node(site: Site) -> Cell:
    """What one node applied or reverted, `--status` says on the other right afterwards, which has looked before."""
    case = Case(site.tool)
    _sees(site, case, is_applied=False)
    late = []
    for ask, is_applied in ((site.tool.apply, True), (site.tool.revert, False)):
        site.run(ask, case)
        done = time.monotonic()
        if not _sees(site, case, is_applied=is_applied):
            late.append(_seconds_until(site, case, done, is_applied=is_applied))
    return Cell("no" if late else "yes", f"only after {' and '.join(late)} s" if late else "")


def _sees(site: Site, case: Case, *, is_applied: bool) -> bool:
    """Say whether the other node says the same."""
    return site.tool.says_applied(site.run(site.tool.status, case, node=1)) is is_applied


def _seconds_until(site: Site, case: Case, done: float, *, is_applied: bool) -> str:
    while not _sees(site, case, is_applied=is_applied):
        if time.monotonic() > done + PATIENCE:
            return f"more than {PATIENCE:.0f}"
    return f"{time.monotonic() - done:.0f}"
