"""A file system that is mounted already, at folders which the user names: NFS, Lustre, BeeGFS, ..."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.running import Command, UnavailableError, run
from benchmarks.filesystems.system import Mounted, System


class Given(System):
    """One folder, or the same folder as two mounts show it."""

    how = "Named with `--at`."
    every = 4
    settles = 60.0  # the longest that NFS keeps attributes by default (acdirmax)

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    @property
    def name(self) -> str:  # type: ignore[override] # what it is shows when it is asked
        """Say what kind of file system it is."""
        return run(Command(argv=("stat", "-f", "-c", "%T", str(self._folders[0])), cwd=Path("/"))).output.strip()

    @property
    def nodes(self) -> int:  # type: ignore[override] # as many as were named
        """Say how often it is mounted."""
        return len(self._folders)

    def version(self) -> str:
        """Raise UnavailableError where a folder is not there; a file system does not tell its version."""
        for folder in self._folders:
            if not folder.is_dir():
                raise UnavailableError(f"{folder} is no folder")
        return "as mounted"

    @contextmanager
    def mounted(self, folder: Path) -> Iterator[Mounted]:
        """Make a folder there that is removed afterwards."""
        del folder
        first = self._folders[0]
        with tempfile.TemporaryDirectory(prefix="filesystems-", dir=first) as made:
            yield Mounted(nodes=tuple(each / Path(made).name for each in self._folders))
