"""SquashFS, which Apptainer's container images are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.running import program
from benchmarks.filesystems.mounting import had, need_kernel, package_version, unmount
from benchmarks.filesystems.system import Mounted, System


class Squashfs(System):
    """A file system that nobody can write."""

    name = "SquashFS"
    how = "`mksquashfs` when vLLM is installed, mounted over the folder that it was made from."
    kind = "read-only"

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        version = need_kernel("squashfs")
        program("mksquashfs", "squashfs-tools")
        return f"{version}, squashfs-tools {package_version('squashfs-tools')}"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make it and mount it."""
        path = folder / "files"
        path.mkdir()
        try:
            yield Mounted(nodes=(path,), seal=lambda: _pack(path, folder / "image"))
        finally:
            unmount(path)


def _pack(path: Path, image: Path) -> None:
    had(program("mksquashfs", "squashfs-tools"), str(path), str(image), "-quiet", "-no-progress")
    had("mount", "-o", "loop", str(image), str(path))


SYSTEM = Squashfs
