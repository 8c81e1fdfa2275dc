"""What becomes of uv's cache, and of the layers below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.battery.case import Case
from benchmarks.battery.look import snapshot
from benchmarks.battery.row import Cell
from benchmarks.battery.running import Command, program, run
from benchmarks.battery.subject import Environment
from benchmarks.battery.workshop import FILES
from benchmarks.filesystems.question import question
from benchmarks.filesystems.site import Site

Seen = Mapping[str, tuple[object, ...]]


@question("uv's cache")
def cache(site: Site) -> Cell:
    """Neither applying nor reverting changes a file in uv's cache, which installed files share."""
    case = Case(site.tool)
    subject = case.subject
    if not isinstance(subject, Environment):
        raise TypeError(subject)
    how = _placed(case)
    wrong = _changed_meanwhile(site, case, lambda: snapshot(subject.cache))
    return Cell("no" if wrong else "yes", ", ".join(wrong) or how)


@question("layers below", needs_layers=True)
def layers(site: Site) -> Cell:
    """Neither applying nor reverting changes anything in the lower layers: content, mode, inode and time stay."""
    case = Case(site.tool)
    below = site.mounted.below
    if below is None:
        raise RuntimeError(f"{site.system.name} does not tell its layers")
    wrong = _changed_meanwhile(site, case, lambda: _photograph(below))
    return Cell("no" if wrong else "yes", ", ".join(wrong))


def _changed_meanwhile(site: Site, case: Case, look: Callable[[], Seen]) -> list[str]:
    """Return what is different after applying, and after reverting."""
    before = look()
    wrong = []
    for ask in (site.tool.apply, site.tool.revert):
        ran = site.run(ask, case)
        after = look()
        wrong += [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
        wrong += [f"exit {ran.code}"] if ran.code else []
    return sorted(set(wrong))


def _photograph(folder: Path) -> Seen:
    """Return all that is in a folder, with what every write leaves a trace in."""
    seen: dict[str, tuple[object, ...]] = {}
    for path in folder.rglob("*"):
        found = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        seen[str(path.relative_to(folder))] = (content, found.st_mode, found.st_ino, found.st_mtime_ns)
    return seen


def _placed(case: Case) -> str:
    """Say how uv has put the files in place; nothing where the file system does not tell."""
    links = {case.path(number).stat().st_nlink for number in range(1, len(FILES) + 1)}
    if links != {1}:
        return "hard links"
    blocks = run(Command(argv=(program("filefrag", "e2fsprogs"), "-sv", str(case.path(1))), cwd=case.subject.root))
    return "clones, their blocks shared with the cache" if "shared" in blocks.output else ""
