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


def prepare() -> None:
    """Have what the streams cannot take end nothing.

    What their encoding lacks is written as an escape. Where standard error cannot be written (a full disk, a reader
    that has left), what is said there is lost: it is said beside the work, and the exit code tells what came of that.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, "w")))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if isinstance(sys.stderr, io.TextIOWrapper):
        file = io.BufferedWriter(Forgiving(sys.stderr.fileno(), "w", closefd=False))
        sys.stderr = io.TextIOWrapper(
            file, encoding=sys.stderr.encoding, errors="backslashreplace", line_buffering=True
        )


def give_up_output() -> None:
    """Have what is still to be written to standard output lost, after a part of it could not be written."""
    sys.stdout = io.TextIOWrapper(io.FileIO(os.devnull, "w"))
