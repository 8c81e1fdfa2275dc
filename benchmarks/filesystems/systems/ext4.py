"""ext4."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.filesystems import device
from benchmarks.filesystems.mounting import need_kernel, package_version
from benchmarks.filesystems.system import Mounted, System

MKFS = ("mkfs.ext4", "-q", "-F")
PACKAGE = "e2fsprogs"


class Ext4(System):
    """The usual disk of a node."""

    name = "ext4"
    how = "`mkfs.ext4`, in an image file on a loop device."

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        return f"{need_kernel('ext4')}, e2fsprogs {package_version(PACKAGE)}"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        with device.made(folder, 128, MKFS, PACKAGE) as path:
            yield Mounted(nodes=(path,))


SYSTEM = Ext4
