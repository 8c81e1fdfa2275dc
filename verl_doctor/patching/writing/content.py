"""What a file holds: the one way in which the engine reads what it may write."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import Final

from verl_doctor.errors import TargetError
from verl_doctor.host import READ_LIMIT, Host
from verl_doctor.patching.locking import mounts

_ATTEMPTS: Final = 20
_PAUSE: Final = 0.1


def read(host: Host, path: Path) -> bytes | None:
    """Return a file's content, None where there is no file. Raises TargetError where it cannot be read as a whole."""
    try:
        found = whole(host, path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}.") from error
    if len(found) > READ_LIMIT:
        raise TargetError(
            f"{path} has more than {READ_LIMIT >> 20} MiB, which is not what a package installs; nothing was changed."
        )
    return found


def whole(host: Host, path: Path) -> bytes:
    """Return all of a file as it is now and, if that is too much, something longer than may be. Raises OSError."""
    if mounts.is_of_this_node(host, path):
        return host.read(path, READ_LIMIT + 1)
    for _ in range(_ATTEMPTS):
        try:
            return host.read_anew(path, READ_LIMIT + 1)
        except OSError as error:
            if error.errno != errno.ESTALE:  # another node has just put a file in the place of this one
                raise
        time.sleep(_PAUSE)
    return host.read_anew(path, READ_LIMIT + 1)
