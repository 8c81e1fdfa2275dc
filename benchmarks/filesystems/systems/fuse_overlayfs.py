"""fuse-overlayfs, the layers of containers that are run without root (Podman)."""

from __future__ import annotations

from benchmarks.battery.running import program
from benchmarks.filesystems.mounting import need_kernel, package_version
from benchmarks.filesystems.systems.overlay import Overlay


class FuseOverlayfs(Overlay):
    """As overlay, but a program does it."""

    name = "fuse-overlayfs"
    how = "`fuse-overlayfs`, otherwise as overlay."
    mount = ("fuse-overlayfs",)

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        need_kernel("fuse")
        program("fuse-overlayfs", "fuse-overlayfs")
        return f"fuse-overlayfs {package_version('fuse-overlayfs')}"


SYSTEM = FuseOverlayfs
