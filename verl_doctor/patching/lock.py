"""Keeps two writers apart: a lock on the file that describes the distribution, here METADATA.

The system gives the lock up when its holder dies, so none is ever stale, and nothing is left to clean up. Linux turns
it into a lock of the server on network file systems, as long as the file is opened for writing; it is not written.
"""

from __future__ import annotations

import errno
import fcntl
import os
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
    """Hold the lock on a file.

    Raises BusyError where another process holds it for `patience` seconds, and OSError where it cannot be had at all.
    """
    file = _opened(path)
    try:
        _take(file, path, time.monotonic() + patience)
        yield
    finally:
        os.close(file)


def _opened(path: Path) -> int:
    """Open a file for writing; where only its folder can be written, for reading, which is enough on local disks."""
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _take(file: int, path: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
        else:
            return
        if time.monotonic() >= until:
            raise BusyError(f"Another verl-doctor is changing {path.parent}; nothing was written.")
        time.sleep(_PAUSE)
