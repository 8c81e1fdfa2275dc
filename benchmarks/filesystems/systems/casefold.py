"""ext4 with a folder in which upper and lower case are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.running import UnavailableError
from benchmarks.filesystems import device
from benchmarks.filesystems.mounting import had, kernel
from benchmarks.filesystems.system import Mounted
from benchmarks.filesystems.systems.ext4 import MKFS, PACKAGE, Ext4


class Casefold(Ext4):
    """Names that differ only in their case are one file."""

    name = "ext4 (casefold)"
    how = "`mkfs.ext4 -O casefold`, in a folder with `chattr +F`."

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        version = super().version()
        if not Path("/sys/fs/ext4/features/casefold").exists():
            raise UnavailableError(f"this kernel ({kernel()}) has no casefold (CONFIG_UNICODE)")
        return version

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        with device.made(folder, 128, (*MKFS, "-O", "casefold"), PACKAGE) as path:
            inside = path / "folded"
            inside.mkdir()
            had("chattr", "+F", str(inside))
            yield Mounted(nodes=(inside,))


SYSTEM = Casefold
