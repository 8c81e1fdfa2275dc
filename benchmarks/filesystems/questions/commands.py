"""What the commands do when all is well: rows of the battery of patch tools, and what another node sees."""

from __future__ import annotations

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell
from benchmarks.battery.rows import commands, surroundings
from benchmarks.filesystems.question import from_battery, question
from benchmarks.filesystems.site import Site

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
    said = []
    for ask in (None, site.tool.apply, site.tool.revert):
        if ask:
            site.run(ask, case)
        said.append(site.tool.says_applied(site.run(site.tool.status, case, node=1)))
    is_right = said == [False, True, False]
    words = "applied? before: {}, after applying: {}, after reverting: {}".format(*said)
    return Cell("yes" if is_right else "no", "" if is_right else words)
