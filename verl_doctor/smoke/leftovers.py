"""Finds what the children of a smoke test leave behind: processes wherever they went, and files in shared memory."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 # the place that is looked after
_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Process:
    pid: int
    parent: int
    session: int
    is_over: bool


def family(leaders: Collection[int], mark: bytes) -> set[int]:
    """Return the running processes of sessions that were started for a smoke test, and those that came from them.

    One that left its session is known by the mark in its environment, or by its parent. The leaders must not have been
    reaped: only so does no stranger have their numbers.
    """
    table = {process.pid: process for process in _processes()}
    found = {pid for pid, process in table.items() if process.session in leaders or _is_marked(pid, mark)}
    while more := {pid for pid, process in table.items() if process.parent in found} - found:
        found |= more
    return {pid for pid in found if not table[pid].is_over}


def _processes() -> Iterator[_Process]:
    for folder in _entries(_PROC):
        if folder.name.isdigit():
            with suppress(OSError, ValueError):
                state, parent, _, session, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
                over = state in "ZX"
                yield _Process(pid=int(folder.name), parent=int(parent), session=int(session), is_over=over)


def _is_marked(pid: int, mark: bytes) -> bool:
    with suppress(OSError):
        return mark in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    return False


class SharedMemory:
    """The files in shared memory that a smoke test makes.

    Nothing says who made a file, but whoever made it has it open or mapped for a while; so each new file is looked at
    soon, and one that no child is seen to use stays: it may be someone else's.
    """

    def __init__(self) -> None:
        self._before = _files()
        self._looked_at = self._before
        self._made: set[tuple[Path, int]] = set()

    def has_changed(self) -> bool:
        """Say whether files have come or gone since the last look."""
        return _files() != self._looked_at

    def look(self, family: Collection[int]) -> None:
        """Note the new files that some processes use."""
        self._looked_at = _files()
        if new := self._looked_at - self._before - self._made:
            used = {path for pid in family for path in _used(pid)}
            self._made |= {(path, number) for path, number in new if path in used}

    def remove(self) -> None:
        """Remove the files that were noted and are still there; not another one that has taken the name since."""
        for path, _ in self._made & _files():
            with suppress(OSError):
                path.unlink()


def _files() -> frozenset[tuple[Path, int]]:
    """Return the files in shared memory with their inode numbers."""
    found = set()
    for path in _entries(SHARED_MEMORY):
        with suppress(OSError):
            found.add((path, path.lstat().st_ino))
    return frozenset(found)


def _used(pid: int) -> Iterator[Path]:
    """Yield files that a process has mapped or open."""
    folder, within = _PROC / str(pid), f"{SHARED_MEMORY}/"
    with suppress(OSError):
        for line in os.fsdecode((folder / "maps").read_bytes()).splitlines():
            if within in line:
                yield Path(within + line.partition(within)[2])
    for descriptor in _entries(folder / "fd"):
        with suppress(OSError):
            yield descriptor.readlink()


def _entries(folder: Path) -> list[Path]:
    """Return what a folder holds; nothing where it cannot be read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []
