"""Keeps two writers apart: locks on the folders they write in, and on the file that describes the distribution.

The system gives a lock up when its holder dies, so none is ever stale, and nothing is left to clean up. A folder stays
the same when what is in it is installed again, and is found by all environments that share it; but NFS locks only what
is opened for writing, which a folder cannot be. There METADATA keeps writers apart: Linux turns its lock into one of
the server, as long as the file is opened for writing; it is not written. Where locks may be known to this node alone,
or there are none, a lease is held besides.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Literal

from verl_doctor.errors import BusyError, WriteFailedError
from verl_doctor.host import Host
from verl_doctor.patching.locking import lease, mounts

PATIENCE: Final = 30.0
"""Seconds to wait for another writer; a run takes less than one."""

_PAUSE: Final = 0.02

Locked = Literal["locked", "busy", "no locks"]
"""What came of locking: it is ours, it is somebody else's, the file system has none (for this kind of file)."""

_NO_LOCKS: Final = frozenset({errno.EBADF, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


@contextmanager
def all_held(host: Host, paths: Iterable[Path], patience: float = PATIENCE) -> Iterator[Callable[[], None]]:
    """Hold the locks on some files and folders; yield what raises WriteFailedError where they are no longer ours.

    Raises BusyError where another process holds one for `patience` seconds (on another node, and dead, for that of a
    lease), and WriteFailedError where one cannot be had at all.
    """
    with ExitStack() as stack:
        locked = {}
        for path in sorted({path.resolve() for path in paths}):  # everybody in one order
            with _told(path):
                locked[path] = stack.enter_context(held(path, patience))
        unsure = [path for path in locked if locked[path] == "no locks" or not mounts.is_of_this_node(host, path)]
        leases = []
        for folder in sorted(_leased(unsure)):
            with _told(folder):
                leases.append(stack.enter_context(lease.held(folder, patience + lease.SECONDS)))

        def confirm() -> None:
            for confirm_one in leases:
                confirm_one()

        yield confirm


def _leased(paths: Sequence[Path]) -> set[Path]:
    """Return the folders to hold leases on: of what is described here its description's, which every writer needs."""
    described = {path.parent for path in paths if not path.is_dir()}
    return described | {path for path in paths if path.is_dir() and path not in {each.parent for each in described}}


@contextmanager
def held(path: Path, patience: float = PATIENCE) -> Iterator[Locked]:
    """Hold the lock on a file or folder, if there is such a thing there; say so.

    Raises BusyError where another process holds it for `patience` seconds, and OSError where it cannot be had at all.
    """
    until = time.monotonic() + patience
    while (taken := _taken(path)) is None:
        if time.monotonic() >= until:
            folder = path if path.is_dir() else path.parent
            raise BusyError(f"Another verl-doctor is changing {folder}; nothing was written.")
        time.sleep(_PAUSE)
    file, locked = taken
    try:
        yield locked
    finally:
        os.close(file)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteFailedError(f"{path} cannot be locked: {error.strerror}; nothing was changed.") from error


def _taken(path: Path) -> tuple[int, Locked] | None:
    """Return the locked file, None where it is somebody else's, or is no longer the one of that name."""
    file = _opened(path)
    is_taken = False
    try:
        locked = _lock(file)
        is_taken = locked != "busy" and os.path.samestat(os.fstat(file), path.stat())
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ESTALE):
            raise
        return None  # it was there a moment ago, or another node has put a new one there: the next attempt tells
    finally:
        if not is_taken:
            os.close(file)
    return (file, locked) if is_taken else None


def _opened(path: Path) -> int:
    """Open a file for writing; a folder, and where only the folder can be written, for reading."""
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR):
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _lock(file: int) -> Locked:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return "no locks"
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return "busy"
    return "locked"
