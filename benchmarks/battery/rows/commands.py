"""What a tool's commands do when all is well."""

from __future__ import annotations

from benchmarks.battery.case import Case
from benchmarks.battery.edits import make_conflict
from benchmarks.battery.row import Cell, as_patched, row, told
from benchmarks.battery.tool import Tool


@row("dry run")
def dry_run(tool: Tool) -> Cell:
    """A command says truly whether the patch can be applied, without and with a conflict, and writes nothing."""
    fresh, conflict = Case(tool), Case(tool)
    make_conflict(conflict)
    good, bad = fresh.dry_run(), conflict.dry_run()
    wrote = not (fresh.look().is_unchanged and fresh.look().is_clean and conflict.look().is_clean)
    is_right = good.code == 0 and bad.code != 0 and not wrote
    return Cell("yes" if is_right else "no", "" if is_right else f"exit {good.code}; with a conflict exit {bad.code}")


@row("apply")
def apply(tool: Tool) -> Cell:
    """All three files are patched, with exit code 0."""
    case = Case(tool)
    ran = case.apply()
    seen = case.look()
    cell = as_patched(tool, ran, seen)
    return Cell(cell.mark, cell.note or (f"new: {seen.left()}" if seen.added else ""))


@row("apply again")
def apply_again(tool: Tool) -> Cell:
    """A second run changes nothing and has exit code 0, or the one that the tool's manual gives to "nothing to do"."""
    case = Case(tool)
    case.apply()
    case.remember()
    ran = case.apply()
    seen = case.look()
    is_right = ran.code in tool.nothing_to_do and seen.is_unchanged and seen.is_clean
    return Cell("yes" if is_right else "no", "" if is_right and ran.code == 0 else told(ran, seen))


@row("status")
def status(tool: Tool) -> Cell:
    """A command says truly whether the patch is applied: before, after, and with file 1 alone patched by hand."""
    case, by_hand = Case(tool), Case(tool)
    before = case.says_applied()
    case.apply()
    after = case.says_applied()
    by_hand.patch_by_hand(1)
    partly = by_hand.says_applied()
    is_right = (before, after, partly) == (False, True, False)
    words = f"applied? before: {before}, after: {after}, file 1 alone: {partly}"
    return Cell("yes" if is_right else "no", "" if is_right else words)


@row("revert")
def revert(tool: Tool) -> Cell:
    """The three files are again what they were, to the byte and with their mode, with exit code 0."""
    case = Case(tool)
    case.apply()
    ran = case.revert()
    seen = case.look()
    is_right = ran.code == 0 and seen.is_unchanged
    left = f"new: {seen.left()}" if seen.added else ""
    return Cell("yes" if is_right else "no", left if is_right else told(ran, seen))
