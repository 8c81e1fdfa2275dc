"""What a file holds: the one way in which the engine reads what it may write."""

from __future__ import annotations

from pathlib import Path

from verl_doctor.errors import TargetError
from verl_doctor.host import READ_LIMIT, Host


def read(host: Host, path: Path) -> bytes | None:
    """Return a file's content, None where there is no file. Raises TargetError where it cannot be read as a whole."""
    try:
        found = host.read(path, READ_LIMIT + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise TargetError(f"{path} cannot be read: {error.strerror}.") from error
    if len(found) > READ_LIMIT:
        raise TargetError(
            f"{path} has more than {READ_LIMIT >> 20} MiB, which is not what a package installs; nothing was changed."
        )
    return found
