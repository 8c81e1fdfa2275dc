"""tmpfs."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.running import Command, UnavailableError, run
from benchmarks.filesystems.mounting import kernel, mounted
from benchmarks.filesystems.system import Mounted, System

SHARED = Path("/dev/shm")


class Tmpfs(System):
    """Environments in memory, as some job prologs make them."""

    name = "tmpfs"
    how = "`mount -t tmpfs`; for others than root a folder in `/dev/shm`."

    def version(self) -> str:
        """Return the versions of the programs that make it."""
        return f"Linux {kernel()}"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make and mount it."""
        if os.geteuid() == 0:
            with mounted(folder / "files", "mount", "-t", "tmpfs", "none", str(folder / "files")) as path:
                yield Mounted(nodes=(path,))
            return
        if run(Command(argv=("stat", "-f", "-c", "%T", str(SHARED)), cwd=folder)).output.strip() != "tmpfs":
            raise UnavailableError(f"{SHARED} is no tmpfs, and only root can mount one")
        with tempfile.TemporaryDirectory(prefix="filesystems-", dir=SHARED) as there:
            yield Mounted(nodes=(Path(there),))


SYSTEM = Tmpfs
