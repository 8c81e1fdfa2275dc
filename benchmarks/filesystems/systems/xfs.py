"""XFS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.filesystems import device
from benchmarks.filesystems.mounting import need_kernel, package_version
from benchmarks.filesystems.system import Mounted, System


class Xfs(System):
    """The disk of many cluster nodes; uv clones files where it is asked to."""

    name = "XFS"
    how = "`mkfs.xfs`, in an image file on a loop device; uv with `--link-mode clone`."
    link_mode = "clone"

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        return f"{need_kernel('xfs')}, xfsprogs {package_version('xfsprogs')}"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        with device.made(folder, 320, ("mkfs.xfs", "-q"), "xfsprogs") as path:  # 300 MiB is the least it takes
            yield Mounted(nodes=(path,))


SYSTEM = Xfs
