"""A small Btrfs that is full."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.filesystems import device
from benchmarks.filesystems.system import Mounted
from benchmarks.filesystems.systems.btrfs import MKFS, PACKAGE, Btrfs


class BtrfsFull(Btrfs):
    """A disk on which even removing a file takes space."""

    name = "Btrfs (full)"
    how = "`mkfs.btrfs --mixed`, 64 MiB, filled with a file."
    kind = "full"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        with device.made(folder, 64, (*MKFS, "--mixed"), PACKAGE) as path:
            yield Mounted(nodes=(path,))


SYSTEM = BtrfsFull
