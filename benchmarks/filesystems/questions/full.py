"""What becomes of the files where the disk is full, at several levels."""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks.battery.case import Case
from benchmarks.battery.row import Cell
from benchmarks.filesystems.condition import NEW, OLD, is_sentence
from benchmarks.filesystems.question import question
from benchmarks.filesystems.questions.interruptions import said, told
from benchmarks.filesystems.site import Site

LEVELS = (0, 4, 8, 16, 32, 64, 96, 128, 192, 256, 320, 384, 512, 1024, 4096)
"""KiB that are left free."""
INODES = (0, 1, 2, 4, 8, 12, 16, 24)
"""Files that can still be made."""
Filled = Callable[[Path, int], AbstractContextManager[None]]

_FULL = (errno.ENOSPC, errno.EDQUOT)


@question("disk full", kind="full")
def space(site: Site) -> Cell:
    """Applying and reverting with 0 to 4096 KiB free either succeed, or change nothing and say so in one sentence.

    The next run, with space again, succeeds.
    """
    return _levels(site, LEVELS, _without_space)


@question("no inodes", kind="full")
def inodes(site: Site) -> Cell:
    """The same with room for 0 to 24 more files; "—" where files are not counted."""
    if os.statvfs(site.mounted.nodes[0]).f_files in (0, 2**64 - 1):
        return Cell("—")
    return _levels(site, INODES, _without_inodes)


def _levels(site: Site, levels: tuple[int, ...], filled: Filled) -> Cell:
    """Apply and revert at each level; say at how many of them that succeeded."""
    done: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    case = Case(site.tool)
    for level in levels:
        for name, ask, before, after in (
            ("apply", site.tool.apply, OLD, NEW),
            ("revert", site.tool.revert, NEW, OLD),
        ):
            with filled(site.mounted.nodes[0], level):
                ran = site.run(ask, case)
                found = site.condition(case)
            is_refusal = ran.code and is_sentence(ran.output)
            done[f"{name} {'refused' if ran.code else 'done'}"] += 1
            if found != (before if is_refusal else after):
                wrong[f"{name} with {level} left: exit {ran.code}, {found} {said(ran.output)}"] += 1
            again = site.run(ask, case)
            found = site.condition(case)
            if again.code or found != after:
                wrong[f"{name} with {level} left, then space: exit {again.code}, {found} {said(again.output)}"] += 1
                case = Case(site.tool)
    levels_ = f"{len(levels)} levels: " + ", ".join(f"{words} {number} x" for words, number in done.items())
    return Cell("no" if wrong else "yes", f"{levels_}; wrong: {told(wrong)}" if wrong else levels_)


@contextmanager
def _without_space(folder: Path, left: int) -> Iterator[None]:
    """Leave so many KiB."""
    filler = folder / "filler"
    with filler.open("wb") as file:
        size = 0
        for step in (1 << 20, 1 << 16, 1 << 12):
            while _allocated(file.fileno(), size, step):
                size += step
        os.ftruncate(file.fileno(), max(0, size - left * 1024))
        os.fsync(file.fileno())
    try:
        yield
    finally:
        filler.unlink()


def _allocated(file: int, size: int, step: int) -> bool:
    try:
        os.posix_fallocate(file, size, step)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        return False
    return True


@contextmanager
def _without_inodes(folder: Path, left: int) -> Iterator[None]:
    """Leave room for so many files."""
    fillers = folder / "fillers"
    fillers.mkdir()
    made: list[Path] = []
    try:
        while _made(fillers / str(len(made))):
            made.append(fillers / str(len(made)))
        for path in made[len(made) - left :]:
            path.unlink()
        yield
    finally:
        shutil.rmtree(fillers)


def _made(path: Path) -> bool:
    try:
        path.touch()
    except OSError as error:
        if error.errno not in _FULL:
            raise
        return False
    return True
