"""bindfs: a folder once more, through FUSE."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.running import program
from benchmarks.filesystems.mounting import mounted, need_kernel, package_version
from benchmarks.filesystems.system import Mounted, System


class Bindfs(System):
    """The plainest of the file systems in user space."""

    name = "bindfs"
    how = "`bindfs FOLDER FOLDER`, over the file system of the temporary folder."

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        need_kernel("fuse")
        program("bindfs", "bindfs")
        return f"bindfs {package_version('bindfs')}"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        source, path = folder / "source", folder / "files"
        source.mkdir()
        with mounted(path, program("bindfs", "bindfs"), str(source), str(path)):
            yield Mounted(nodes=(path,))


SYSTEM = Bindfs
