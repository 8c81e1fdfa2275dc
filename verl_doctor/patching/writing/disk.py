"""The operations that write: every one of them is here, so that a test can stop a run between any two."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from verl_doctor.patching.writing import attributes


class Disk:
    """The file system, for writing."""

    _confirm: Callable[[], None] | None = None

    @contextmanager
    def confirming(self, confirm: Callable[[], None]) -> Iterator[None]:
        """Have every operation confirmed by `confirm`, which raises where we may not write any more."""
        before, self._confirm = self._confirm, confirm
        try:
            yield
        finally:
            self._confirm = before

    def step(self) -> None:
        """Confirm that we may write; called before every operation, and within those that take several."""
        if self._confirm:
            self._confirm()

    def create(self, path: Path, content: bytes, like: Path | None = None) -> None:
        """Write a new file through to the medium, for those who may use another one; without one, its folder."""
        self.remove(path)
        self.step()
        try:
            file = _made(path)
        except FileExistsError:  # which another node made; this one did not see it yet
            path.unlink()
            file = _made(path)
        try:
            self.step()
            written = 0
            while written < len(content):
                written += os.write(file, content[written:])
            if like:
                attributes.carry(file, like)
            else:
                attributes.share(file, path.parent)
            os.fsync(file)
        finally:
            os.close(file)

    def keep(self, path: Path, kept: Path, content: bytes) -> None:
        """Give what a file is now, with this content, a second name: a link where there are such, else a copy."""
        self.remove(kept)
        self.step()
        try:
            os.link(path, kept, follow_symlinks=False)
        except OSError:
            self.create(kept, content, like=path)

    def replace(self, source: Path, path: Path) -> None:
        """Put a file in the place of another, in one step: readers see the old one or the new one."""
        self.step()
        source.replace(path)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        if os.path.lexists(path):
            self.step()
            path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Make a folder with the mode and the owner of the one that it is in, if it is not there."""
        self.step()
        path.mkdir(exist_ok=True)
        file = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            attributes.share(file, path.parent)
        finally:
            os.close(file)

    def remove_folder(self, path: Path) -> bool:
        """Remove a folder, if it is there and empty; say whether it is gone."""
        self.step()
        try:
            if any(path.iterdir()):  # where nothing may be removed, a full one is no trouble
                return False
            path.rmdir()
        except FileNotFoundError:
            pass
        return True

    def sync(self, folder: Path) -> None:
        """Write a folder's names through to the medium, where the file system can do that."""
        self.step()
        file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):
                raise
        finally:
            os.close(file)


def _made(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
