"""NFS, which most clusters keep environments on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.battery.running import UnavailableError
from benchmarks.filesystems.mounting import need_kernel
from benchmarks.filesystems.system import Mounted, System


class Nfs(System):
    """Its server is another machine's kernel, so none is set up here."""

    name = "NFS"
    how = "Not mounted here: a folder on it is named with `--at`."

    def version(self) -> str:
        """Raise UnavailableError: where the kernel has it, the user knows where it is mounted."""
        need_kernel("nfs4")
        raise UnavailableError("no server is set up here; name a folder on one with --at")

    def mounted(self, folder: Path) -> AbstractContextManager[Mounted]:
        """Raise UnavailableError."""
        raise UnavailableError(f"nothing is mounted at {folder.name}; name a folder with --at")


SYSTEM = Nfs
