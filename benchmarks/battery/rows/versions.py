"""What a tool does with another release than the one that the patch was made from."""

from __future__ import annotations

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell, as_patched, as_untouched, row
from benchmarks.battery.tool import Tool


@row("other version: 0.7.0, same bugs")
def same_bugs(tool: Tool) -> Cell:
    """All files are patched, with exit code 0, although some of the code is laid out otherwise."""
    case = Case(tool, "0.7.0")
    return as_patched(tool, case.apply(), case.look())


@row("other version: 0.7.3, bugs gone")
def bugs_gone(tool: Tool) -> Cell:
    """No file is changed."""
    case = Case(tool, "0.7.3")
    return as_untouched(case.apply(), case.look())


@row("other version: 0.6.6, before the bugs")
def before_the_bugs(tool: Tool) -> Cell:
    """No file is changed; file 2 is not in this release."""
    case = Case(tool, "0.6.6")
    return as_untouched(case.apply(), case.look())
