"""Mode, owner and extended attributes: a file in the place of another is for the same readers and writers."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

_ACL: Final = "system.posix_acl_access"
_OF_THE_SYSTEM: Final = ("security.", "trusted.")
"""Attributes that only the system or root may set; the system gives a new file its own."""


def carry(file: int, model: Path) -> None:
    """Give an open file what another one has.

    Raises OSError where that cannot be and rights would change hands. A file of somebody else whose content this user
    may write anyway becomes theirs where it cannot be given away, as with pip and uv.
    """
    wanted = model.stat()
    _own(file, wanted)
    if os.fstat(file).st_uid != wanted.st_uid and not os.access(model, os.W_OK, effective_ids=True):
        raise PermissionError(errno.EPERM, "it belongs to another user, who alone may write it", str(model))
    os.fchmod(file, stat.S_IMODE(wanted.st_mode))
    _carry_extended(file, model)


def share(file: int, folder: Path) -> None:
    """Give something new in a folder the folder's mode and, where permitted, owner: what reads that reads it."""
    wanted = folder.stat()
    _own(file, wanted)
    is_folder = stat.S_ISDIR(os.fstat(file).st_mode)
    os.fchmod(file, stat.S_IMODE(wanted.st_mode) & (0o7777 if is_folder else 0o666))


def _own(file: int, wanted: os.stat_result) -> None:
    """Give a file away where that is permitted, and to somebody whom this container knows."""
    found = os.fstat(file)
    if found.st_uid != wanted.st_uid:
        with suppress(OSError):
            os.fchown(file, wanted.st_uid, -1)
    if found.st_gid != wanted.st_gid:
        with suppress(OSError):
            os.fchown(file, -1, wanted.st_gid)


def _carry_extended(file: int, model: Path) -> None:
    wanted, found = _names(model), _names(file)
    if _ACL in found - wanted:  # inherited from the folder
        os.removexattr(file, _ACL)
    for name in sorted(wanted):
        try:
            os.setxattr(file, name, os.getxattr(model, name))
        except OSError:
            if not name.startswith(_OF_THE_SYSTEM):
                raise


def _names(path: Path | int) -> set[str]:
    try:
        return set(os.listxattr(path))
    except OSError as error:
        if error.errno not in (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        return set()
