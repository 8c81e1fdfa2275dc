"""What is said where nothing can be written."""

from __future__ import annotations

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell
from benchmarks.filesystems.condition import COULD_NOT, OLD, is_sentence
from benchmarks.filesystems.question import question
from benchmarks.filesystems.questions.interruptions import said
from benchmarks.filesystems.site import Site


@question("refusal", kind="read-only")
def refusal(site: Site) -> Cell:
    """Applying ends with exit code 3 and one sentence; status and the diff are shown all the same."""
    case = Case(site.tool)
    ran = site.run(site.tool.apply, case)
    others = [site.run(ask, case).code for ask in (site.tool.status, site.tool.dry_run)]
    is_right = ran.code == COULD_NOT and is_sentence(ran.output) and others == [0, 0] and site.condition(case) == OLD
    last = said(ran.output).replace(str(site.mounted.nodes[0]), "…")
    return Cell(
        "yes" if is_right else "no", f"exit {ran.code} {last}; status and diff: exit {others[0]} and {others[1]}"
    )
