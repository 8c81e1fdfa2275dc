"""Follows a log that is being written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Final

from verl_doctor.diagnose.blocks import SIZE, Chunk, Sign
from verl_doctor.errors import UsageError

MOMENT: Final = 0.5
"""Seconds after which one looks again."""


def follow(path: Path, patience: float, sleep: Callable[[float], None]) -> Iterator[Chunk]:
    """Yield what is in the file and what is added to it, for ever, and a sign where nothing was for so many seconds.

    A file that was replaced or emptied is read from its beginning. Raises UsageError where it cannot be opened, or is
    no file.
    """
    while True:
        with closing(_open(path)) as file:
            quiet = 0.0
            while not _is_replaced(path, file):
                if chunk := file.read(SIZE):
                    quiet = 0.0
                    yield chunk
                    continue
                sleep(MOMENT)
                quiet += MOMENT
                if quiet >= patience:
                    quiet = 0.0
                    yield Sign.QUIET
        yield Sign.ANEW


def _open(path: Path) -> IO[bytes]:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{path} is no file that can be followed.")
        return path.open("rb", buffering=0)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error


def _is_replaced(path: Path, file: IO[bytes]) -> bool:
    """Say whether the path leads to another file now, or to one that has become shorter; not while it leads nowhere."""
    try:
        there = path.stat()
    except OSError:
        return False
    here = os.fstat(file.fileno())
    return (there.st_dev, there.st_ino) != (here.st_dev, here.st_ino) or there.st_size < file.tell()
