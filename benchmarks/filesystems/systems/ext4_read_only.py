"""ext4 that is read-only once vLLM is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.filesystems import device
from benchmarks.filesystems.mounting import had
from benchmarks.filesystems.system import Mounted
from benchmarks.filesystems.systems.ext4 import MKFS, PACKAGE, Ext4


class Ext4ReadOnly(Ext4):
    """A disk image of a cluster that nodes only read."""

    name = "ext4 (read-only)"
    how = "As ext4, then `mount -o remount,ro`."
    kind = "read-only"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        with device.made(folder, 128, MKFS, PACKAGE) as path:
            yield Mounted(nodes=(path,), seal=lambda: _make_read_only(path))


def _make_read_only(path: Path) -> None:
    """Make it read-only."""
    had("mount", "-o", "remount,ro", str(path))


SYSTEM = Ext4ReadOnly
