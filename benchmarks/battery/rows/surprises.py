"""What a tool does with an installation that is not what the patch was made for."""

from __future__ import annotations

from benchmarks.battery.case import Case
from benchmarks.battery.edits import in_other_words, make_conflict
from benchmarks.battery.row import Cell, as_patched, row, told
from benchmarks.battery.tool import Tool


@row("conflict in file 2")
def conflict(tool: Tool) -> Cell:
    """Where the line to be changed in file 2 is another one, no file is changed, and the exit code is not 0."""
    case = Case(tool)
    make_conflict(case)
    ran = case.apply()
    seen = case.look()
    is_right = ran.code != 0 and seen.is_unchanged
    return Cell("yes" if is_right else "no", "" if is_right and seen.is_clean else told(ran, seen))


@row("file 1 patched by hand, to the byte")
def patched_by_hand(tool: Tool) -> Cell:
    """The other two files are patched, with exit code 0."""
    case = Case(tool)
    case.patch_by_hand(1)
    return _rest_patched(case)


@row("file 1 patched by hand, in other words")
def patched_in_other_words(tool: Tool) -> Cell:
    """The same, where somebody commented the lines out that the patch removes."""
    case = Case(tool)
    case.edit(1, in_other_words)
    return _rest_patched(case)


def _rest_patched(case: Case) -> Cell:
    ran = case.apply()
    seen = case.look()
    if ran.code == 0 and dict(seen.fates) == {1: "unchanged", 2: "patched", 3: "patched"}:
        return Cell("yes")
    is_safe = ran.code != 0 and seen.is_unchanged
    return Cell("refuses" if is_safe else "no", told(ran, seen))


@row("reinstalled meanwhile: status")
def reinstalled_status(tool: Tool) -> Cell:
    """After the package was installed again over the patched files, the tool says that the patch is not applied."""
    case = Case(tool)
    case.apply()
    case.subject.reinstall()
    truth = case.look()
    says = case.says_applied()
    if not truth.is_unchanged:
        return Cell("—", f"reinstalling from uv's cache gave changed files: {truth.words()}")
    return Cell("no" if says else "yes", "still says applied" if says else "")


@row("reinstalled meanwhile: apply")
def reinstalled_apply(tool: Tool) -> Cell:
    """After that, applying patches all three files again, with exit code 0."""
    case = Case(tool)
    case.apply()
    case.subject.reinstall()
    truth = case.look()
    if not truth.is_unchanged:
        return Cell("—", f"reinstalling from uv's cache gave changed files: {truth.words()}")
    return as_patched(tool, case.apply(), case.look())


@row("target that cannot be imported")
def broken(tool: Tool) -> Cell:
    """Where `import vllm` fails (an undefined symbol), the patch is applied all the same."""
    case = Case(tool, is_broken=True)
    return as_patched(tool, case.apply(), case.look())
