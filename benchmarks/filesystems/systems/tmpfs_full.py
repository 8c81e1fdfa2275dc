"""A small tmpfs that is full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.filesystems.mounting import mounted, need_root
from benchmarks.filesystems.system import Mounted
from benchmarks.filesystems.systems.tmpfs import Tmpfs


class TmpfsFull(Tmpfs):
    """Memory that was given out."""

    name = "tmpfs (full)"
    how = "`mount -t tmpfs -o size=16m,nr_inodes=512`, filled with a file, or with empty ones."
    kind = "full"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        need_root()
        argv = ("mount", "-t", "tmpfs", "-o", "size=16m,nr_inodes=512", "none", str(folder / "files"))
        with mounted(folder / "files", *argv) as path:
            yield Mounted(nodes=(path,))


SYSTEM = TmpfsFull
