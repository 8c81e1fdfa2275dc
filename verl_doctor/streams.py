"""The standard streams as the program uses them."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any, Final

STREAM: Final = Path("-")
"""What names standard output where it is written, standard input where it is read."""


class Forgiving(io.FileIO):
    """A file that passes over what it cannot hold."""

    def write(self, data: Any, /) -> int:
        """Write, or do as if."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


class OutputError(OSError):
    """Standard output could not be written."""


class Telling(io.FileIO):
    """Standard output, whose failures are told from those of other files."""

    def write(self, data: Any, /) -> int:
        """Write. Raises OutputError where that cannot be, but BrokenPipeError for a reader that has left."""
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(error.errno, error.strerror) from None


def prepare() -> None:
    """Have what the streams cannot take end nothing.

    What their encoding lacks is written as an escape. Where standard error cannot be written (a full disk, a reader
    that has left), what is said there is lost: it is said beside the work, and the exit code tells what came of that.
    """
    if sys.stdout is None:  # closed by whoever started us; whatever is opened next must not be taken for it
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(Telling(os.open(os.devnull, os.O_RDONLY), "w")))
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(Telling(sys.stdout.fileno(), "w", closefd=False)),
            encoding=sys.stdout.encoding,
            errors="backslashreplace",
            line_buffering=sys.stdout.line_buffering or sys.stdout.write_through,
        )
    if sys.stderr is None:
        sys.stderr = io.TextIOWrapper(io.FileIO(os.devnull, "w"))
    if isinstance(sys.stderr, io.TextIOWrapper):
        file = io.BufferedWriter(Forgiving(sys.stderr.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(
            file, encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True
        )


def give_up_output() -> None:
    """Have what is still to be written to standard output lost, after a part of it could not be written."""
    sys.stdout = io.TextIOWrapper(io.FileIO(os.devnull, "w"))
