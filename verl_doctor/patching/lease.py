"""Keeps writers on several nodes apart where a lock is known only to its own node: a file that says who writes.

Lustre and BeeGFS as they are often mounted, sshfs and many other file systems of FUSE keep locks to themselves or
have none. There a writer makes a file in the folder before it begins, which only one can do, and removes it at
the end. It renews the file while it works. What a dead writer left is taken over: at once on its own node, and by other
nodes when it has not been renewed for a while, however their clocks stand.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from verl_doctor.errors import BusyError, WriteFailedError

if TYPE_CHECKING:
    from filelock import SoftFileLease

NAME: Final = "verl-doctor.lock"

SECONDS: Final = 30.0
"""After which another node takes a writer for dead; longer than file systems remember what they saw of other nodes."""

_RENEWED_EVERY: Final = 5.0
_PAUSE: Final = 0.1
_UNWRITABLE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def confirm(leases: Iterable[SoftFileLease | None]) -> None:
    """Raise WriteFailedError where another writer took us for dead, so that nothing more may be written."""
    for file in leases:
        if file and not file.is_lock_held_by_us:
            raise WriteFailedError(
                "This run stood still for so long that another verl-doctor may have taken over in "
                f"{Path(file.lock_file).parent}; it writes nothing more. What is there now: verl-doctor patch --status"
            )


@contextmanager
def held(folder: Path, patience: float) -> Iterator[SoftFileLease | None]:
    """Hold the lease on a folder; None where this user may not write there: nothing is made there, then.

    Raises BusyError where another writer holds it for `patience` seconds (a dead one on another node is out of the
    way after `SECONDS`), and OSError where it cannot be had.
    """
    from filelock import LeaseSettingsMismatch, SoftFileLease, Timeout

    file = SoftFileLease(folder / NAME, lease_duration=SECONDS, heartbeat_interval=_RENEWED_EVERY)
    try:
        file.acquire(timeout=patience, poll_interval=_PAUSE)
    except (Timeout, LeaseSettingsMismatch):
        owner = file.owner
        who = f" (process {owner.pid} on {owner.hostname})" if owner else ""
        raise BusyError(f"Another verl-doctor{who} is changing {folder}; nothing was written.") from None
    except OSError as error:
        if error.errno not in _UNWRITABLE:
            raise
        yield None
        return
    try:
        yield file
    finally:
        file.release()
