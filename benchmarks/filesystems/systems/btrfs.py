"""Btrfs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.filesystems import device
from benchmarks.filesystems.mounting import need_kernel, package_version
from benchmarks.filesystems.system import Mounted, System

MKFS = ("mkfs.btrfs", "-q")
PACKAGE = "btrfs-progs"


class Btrfs(System):
    """Files that uv installs share their blocks with its cache."""

    name = "Btrfs"
    how = "`mkfs.btrfs`, in an image file on a loop device; uv with `--link-mode clone`."
    link_mode = "clone"

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        return f"{need_kernel('btrfs')}, btrfs-progs {package_version(PACKAGE)}"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        with device.made(folder, 256, MKFS, PACKAGE) as path:
            yield Mounted(nodes=(path,))


SYSTEM = Btrfs
