"""What a tool does to what surrounds the three files."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell, row, told
from benchmarks.battery.running import LackingError
from benchmarks.battery.subject import Environment
from benchmarks.battery.tool import Tool
from benchmarks.battery.workshop import FILES, VERSION


@row("uninstall leaves nothing")
def uninstall(tool: Tool) -> Cell:
    """After patching and uninstalling the package, no file is there that was not there before."""
    case = Case(tool)
    case.apply()
    case.subject.uninstall()
    seen = case.look()
    still = [case.path(number).name for number, fate in seen.fates.items() if fate != "gone"]
    left = ", ".join(filter(None, [seen.left(), *still]))
    return Cell("no" if left else "yes", f"left: {left}" if left else "")


@row("hard links")
def hard_links(tool: Tool) -> Cell:
    """Neither applying nor reverting changes uv's cache, a sibling environment, or one made from the cache later."""
    case = Case(tool)
    subject = case.subject
    if not isinstance(subject, Environment):
        return _linked_by_hand(case)
    subject.make("sibling")
    linked = {path: path.read_bytes() for path in subject.links()}
    case.apply()
    changed = _changed(linked)
    originals = tool.workshop.originals[VERSION]
    later = _changed({next(subject.make("later").glob(f"lib/python3*/site-packages/{FILES[0]}")): originals[FILES[0]]})
    with suppress(LackingError):
        case.revert()
        changed |= _changed(linked)
    words = f"{len(changed)} linked files changed" + ("; a later environment is born patched" if later else "")
    return Cell("no" if changed or later else "yes", words if changed or later else "")


def _linked_by_hand(case: Case) -> Cell:
    """Say what becomes of links that the installer did not make."""
    if any(case.path(number).stat().st_nlink > 1 for number in (1, 2, 3)):
        raise RuntimeError("npm shares files; the row has to look at them")
    folder = case.tool.workshop.new_folder()
    for number in (1, 2, 3):
        (folder / str(number)).hardlink_to(case.path(number))
    linked = {path: path.read_bytes() for path in folder.iterdir()}
    case.apply()
    changed = _changed(linked)
    return Cell("—", f"npm copies what it installs; of 3 links made by hand {len(changed)} changed")


def _changed(contents: dict[Path, bytes]) -> set[Path]:
    return {path for path, content in contents.items() if path.read_bytes() != content}


@row("RECORD agrees after apply")
def record_after_apply(tool: Tool) -> Cell:
    """Every file has the digest and the size that RECORD says, so that tools which verify installations are content."""
    case = Case(tool)
    case.apply()
    return _agrees(case)


@row("RECORD agrees after revert")
def record_after_revert(tool: Tool) -> Cell:
    """The same after reverting."""
    case = Case(tool)
    case.apply()
    case.revert()
    return _agrees(case)


def _agrees(case: Case) -> Cell:
    wrong = case.subject.disagreements()
    return Cell("no" if wrong else "yes", f"not so: {', '.join(wrong)}" if wrong else "")


@row("read-only target")
def read_only(tool: Tool) -> Cell:
    """Where nothing in the installation can be written, the exit code is not 0, and nothing is changed."""
    case = Case(tool)
    return _refused(case, case.subject.root)


@row("folder of file 2 read-only")
def partly_read_only(tool: Tool) -> Cell:
    """Where only the folder of file 2 cannot be written, the exit code is not 0, and no file is changed."""
    case = Case(tool)
    return _refused(case, case.path(2).parent)


def _refused(case: Case, path: Path) -> Cell:
    ran = case.apply_read_only(path)
    seen = case.look()
    is_right = ran.code != 0 and seen.is_unchanged
    return Cell("yes" if is_right else "no", "" if is_right and seen.is_clean else told(ran, seen))
