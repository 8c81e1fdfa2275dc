"""Writes a file whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from verl_doctor.errors import WriteFailedError

_DESCRIPTOR: Final = re.compile(r"/proc/(\d+)(?:/task/\d+)?/fd/\d+")
PREFIX: Final = ".verl-doctor."
"""How the name of a file begins that takes another's place; short, where that one's name is as long as names may be."""
_NOT_REPLACED: Final = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS})
_NO_READER: Final = "nobody reads this pipe"
_MOST_LINKS: Final = 40
"""The links that Linux follows in one path."""


def write(path: Path, content: str | bytes, mode: int | None = None) -> None:
    """Put a text (as UTF-8) or bytes into a file: whoever reads it finds what was there before, or all of the new.

    A link's target is replaced, not the link; what is no ordinary file (a pipe, a device) and what is open already
    (/dev/stdout, even where that is a file) is written to, as is a file that cannot be replaced: one that is a mount
    of its own, or in a folder that takes no other. A file that is not there gets `mode`, else the usual one.

    Raises WriteFailedError where the system does not let it, and for a pipe that nobody reads.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if opened := _descriptor(path):
            _write_on(opened, data)
        elif path.is_fifo():
            with os.fdopen(open_pipe(path), "wb") as pipe:
                pipe.write(data)
        elif (place := replaced(path)) is None:
            path.write_bytes(data)
        else:
            _replace(place, data, mode)
    except OSError as error:
        raise WriteFailedError(f"{path} cannot be written: {error.strerror}.") from error


def replaced(path: Path) -> Path | None:
    """Return the file that a new one takes the place of, or will be; None for what is written to as it is.

    Raises OSError for links without end.
    """
    if _descriptor(path) or (path.exists() and not path.is_file()):
        return None
    return path.resolve()


def open_pipe(path: Path) -> int:
    """Return a pipe's descriptor, opened to write. Raises OSError, also where nobody reads it; waits for nobody."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, _NO_READER) from error
        raise
    os.set_blocking(descriptor, True)
    return descriptor


def own_descriptor(path: Path) -> int | None:
    """Return the number of the open file of this process that a path leads to. Raises OSError for links without end."""
    opened = _descriptor(path)
    return int(opened.name) if opened and _is_ours(opened) else None


def _descriptor(path: Path) -> Path | None:
    """Return the open file that a path leads to, as the system shows it (/proc/PID/fd/N); None for any other.

    Raises OSError for links without end.
    """
    for _ in range(_MOST_LINKS):
        path = Path(os.path.realpath(path.parent)) / path.name
        if _DESCRIPTOR.fullmatch(str(path)):
            return path
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _write_on(opened: Path, data: bytes) -> None:
    """Write where a process writes: behind what is there already. Raises OSError."""
    with os.fdopen(os.dup(int(opened.name)), "wb") if _is_ours(opened) else opened.open("ab") as file:
        file.write(data)


def _is_ours(opened: Path) -> bool:
    owner = _DESCRIPTOR.fullmatch(str(opened))
    return owner is not None and int(owner[1]) == os.getpid()


def keeps_its_place(path: Path, refusal: OSError) -> bool:
    """Say whether a file that could not be replaced can be written into.

    So it is with a mount of its own (a volume of a container), and in a folder that takes no other file.
    """
    return refusal.errno in _NOT_REPLACED and os.access(path, os.W_OK)


def _replace(path: Path, data: bytes, mode: int | None) -> None:
    try:
        _put(path, data, mode)
    except OSError as error:
        if not keeps_its_place(path, error):
            raise
        _write_into(path, data)


def _put(path: Path, data: bytes, mode: int | None) -> None:
    handle, name = tempfile.mkstemp(prefix=PREFIX, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        usual = 0o666 & ~_umask() if mode is None else mode
        temporary.chmod(path.stat().st_mode & 0o7777 if path.exists() else usual)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _write_into(path: Path, data: bytes) -> None:
    """Write a file that keeps its place; where that fails it holds what it held. Raises OSError."""
    before = path.read_bytes()
    try:
        path.write_bytes(data)
    except BaseException:
        path.write_bytes(before)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
