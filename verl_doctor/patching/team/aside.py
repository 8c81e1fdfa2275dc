"""Running code of a team's own patches so that it leaves the doctor's output and working folder as they were."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import RLock
from typing import Final

_LOCK: Final = RLock()


class _Aside(io.TextIOBase):
    """A stream that hands on what is written to standard error, and cannot be closed."""

    def __init__(self) -> None:
        self._stream = sys.stderr

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, text: str, /) -> int:
        """Write to standard error."""
        return self._stream.write(text)

    def flush(self) -> None:
        """Flush standard error."""
        self._stream.flush()

    def close(self) -> None:
        """Stay open."""


@contextmanager
def aside() -> Iterator[None]:
    """Have what is printed go to standard error, and put the streams and the working folder back afterwards.

    One thread at a time, since these belong to the whole process.
    """
    with _LOCK:
        streams, folder = (sys.stdout, sys.stderr), _folder()
        sys.stdout = sys.stderr = _Aside()
        try:
            yield
        finally:
            sys.stdout, sys.stderr = streams
            if folder is not None:
                with suppress(OSError):
                    os.chdir(folder)


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 # Path.cwd() takes ten times as long
    except OSError:  # it was deleted
        return None
