"""A small ext4 that is full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.filesystems import device
from benchmarks.filesystems.system import Mounted
from benchmarks.filesystems.systems.ext4 import MKFS, PACKAGE, Ext4


class Ext4Full(Ext4):
    """A disk without space, or without room for another file."""

    name = "ext4 (full)"
    how = "`mkfs.ext4 -m 0 -N 512`, 16 MiB, filled with a file, or with empty ones."
    kind = "full"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        with device.made(folder, 16, (*MKFS, "-m", "0", "-N", "512"), PACKAGE) as path:
            yield Mounted(nodes=(path,))


SYSTEM = Ext4Full
