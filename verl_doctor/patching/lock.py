"""Keeps two writers apart: locks on the folders they write in, and on the file that describes the distribution.

The system gives a lock up when its holder dies, so none is ever stale, and nothing is left to clean up. A folder stays
the same when what is in it is installed again, and is found by all environments that share it; but network file systems
lock only what is opened for writing, which a folder cannot be. There METADATA keeps writers apart: Linux turns its lock
into one of the server, as long as the file is opened for writing; it is not written.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from verl_doctor.errors import BusyError

PATIENCE: Final = 30.0
"""Seconds to wait for another writer; a run takes less than one."""

_PAUSE: Final = 0.02


@contextmanager
def held(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock on a file or folder.

    Raises BusyError where another process holds it for `patience` seconds, and OSError where it cannot be had at all.
    """
    until = time.monotonic() + patience
    while (file := _taken(path)) is None:
        if time.monotonic() >= until:
            folder = path if path.is_dir() else path.parent
            raise BusyError(f"Another verl-doctor is changing {folder}; nothing was written.")
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        os.close(file)


def _taken(path: Path) -> int | None:
    """Return the locked file, None where it is somebody else's, or is no longer the one of that name."""
    file = _opened(path)
    is_taken = False
    try:
        is_taken = _is_locked(file) and os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        pass  # it was there a moment ago: the next attempt tells
    finally:
        if not is_taken:
            os.close(file)
    return file if is_taken else None


def _opened(path: Path) -> int:
    """Open a file for writing; a folder, and where only the folder can be written, for reading."""
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR):
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno == errno.EBADF and stat.S_ISDIR(os.fstat(file).st_mode):
            return True  # a network file system, see above
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True
