"""Keeps writers on several nodes apart where a lock is known only to its own node: a file that says who writes.

Lustre and BeeGFS as they are often mounted, sshfs and many other file systems of FUSE keep locks to themselves or
have none. There a writer makes a file before it begins, which only one can do, renews it while it works, and removes
it at the end. What a dead writer left is taken over: at once on its own node, and by other nodes when it has not been
renewed for a while, however their clocks stand.

The libraries for this (filelock 4.3, flufl.lock 10) do not serve: the one takes over by exchanging two names in one
step, which NFS and FUSE cannot do, the other by comparing the clocks of nodes.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Final, Literal

from verl_doctor.errors import BusyError, DoctorError, WriteFailedError
from verl_doctor.host import LocalHost
from verl_doctor.patching.locking import claim
from verl_doctor.patching.locking.claim import Claim
from verl_doctor.patching.place import LEASE
from verl_doctor.patching.writing import content

SECONDS: Final = 30.0
"""After which another node takes a writer for dead; longer than file systems remember what they saw of other nodes."""

_PAUSE: Final = 0.1
_UNWRITABLE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


class Lease:
    """A folder that this process may write in, as long as it renews that."""

    def __init__(self, file: Path, mine: Claim) -> None:
        """Begin to renew the lease that was just taken."""
        self._file = file
        self._claim = mine
        self._seen = _now()
        self._released = Event()
        Thread(target=self._renew, daemon=True).start()

    def confirm(self) -> None:
        """Raise WriteFailedError where another writer took this one for dead, so that nothing more may be written."""
        if _now() - self._seen > SECONDS / 2 and not self._is_ours():
            raise WriteFailedError(
                "This run stood still for so long that another verl-doctor may have taken over in "
                f"{self._file.parent}; it writes nothing more. What is there now: verl-doctor patch --status"
            )

    def release(self) -> None:
        """Let others write."""
        self._released.set()
        with suppress(OSError, DoctorError):  # what cannot be removed is taken over
            for left in self._file.parent.glob(f"{LEASE}.*"):
                left.unlink(missing_ok=True)
            if self._is_ours():
                self._file.unlink()

    def _renew(self) -> None:
        times = 0
        while not self._released.wait(SECONDS / 6):
            now, times = _now(), times + 1
            with suppress(OSError, DoctorError):  # a file system that hangs or fails: it is not renewed then
                if self._is_ours() and not self._released.is_set():
                    _write(os.open(self._file, os.O_WRONLY | os.O_CLOEXEC), claim.written(self._claim, times))
                    self._seen = now  # before it was looked at: whoever stood still in between is not deceived

    def _is_ours(self) -> bool:
        found = claim.read(content.read(LocalHost(), self._file) or b"")
        return found is not None and found.token == self._claim.token


@contextmanager
def held(folder: Path, patience: float) -> Iterator[Callable[[], None]]:
    """Hold the lease on a folder; yield what raises WriteFailedError when somebody else has it.

    Where this user may not write in the folder there is no lease: nothing is made there, then. Raises BusyError where
    another writer holds it for `patience` seconds (a dead one on another node is out of the way after `SECONDS`), and
    OSError where it cannot be had.
    """
    lease = _taken(folder / LEASE, patience)
    try:
        yield lease.confirm if lease else _nothing
    finally:
        if lease:
            lease.release()


def is_abandoned(folder: Path) -> bool:
    """Say whether a dead writer left the lease on a folder; where only another node knows, look on until it shows."""
    first, since = content.read(LocalHost(), folder / LEASE), _now()
    while (found := content.read(LocalHost(), folder / LEASE)) is not None:
        holder = claim.read(found)
        if (holder and holder.is_dead) or _now() - since > SECONDS:
            return True
        if found != first or (holder and holder.is_here):
            return False
        time.sleep(_PAUSE)
    return False


def _taken(file: Path, patience: float) -> Lease | None:
    mine = claim.mine()
    until = _now() + patience
    seen: bytes | None = None
    since = _now()
    while (made := _make(file, mine)) == "taken":
        found = content.read(LocalHost(), file)
        if found != seen:
            seen, since = found, _now()
        holder = claim.read(found or b"")
        if found is not None and ((holder and holder.is_dead) or _now() - since > SECONDS):
            _bury(file, found)
            continue
        if _now() > until:
            who = f" (process {holder.process} on {holder.host})" if holder else ""
            raise BusyError(f"Another verl-doctor{who} is changing {file.parent}; nothing was written.")
        time.sleep(_PAUSE)
    return Lease(file, mine) if made == "ours" else None


def _make(file: Path, mine: Claim) -> Literal["ours", "taken", "unwritable"]:
    """Make the file, which one alone can do."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        return "taken"
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        return "unwritable"
    try:
        with suppress(OSError):
            os.fchmod(descriptor, 0o644)  # for whoever waits to read it, whatever the umask
        _write(descriptor, claim.written(mine, 0))
    except OSError:
        file.unlink(missing_ok=True)
        raise
    return "ours"


def _write(descriptor: int, text: bytes) -> None:
    """Write the text over the beginning of an open file, through to whoever keeps it, and close that."""
    try:
        os.pwrite(descriptor, text, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bury(file: Path, dead: bytes) -> None:
    """Remove what a dead writer left, unless somebody else does; another's is put back."""
    aside = file.with_name(f"{file.name}.{os.getpid()}.{time.monotonic_ns()}")
    if content.read(LocalHost(), file) != dead:
        return
    with suppress(FileNotFoundError):
        file.rename(aside)
        if content.read(LocalHost(), aside) != dead:
            with suppress(OSError):
                os.link(aside, file)
        aside.unlink()


def _now() -> float:
    """Return the time by a clock that also runs while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _nothing() -> None:
    """Confirm what needs no lease."""
