"""Finds what the processes of a smoke test left behind: other processes, and files in shared memory."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 # the place that is looked after


def shared_memory() -> frozenset[Path]:
    """Return the files in shared memory."""
    try:
        return frozenset(SHARED_MEMORY.iterdir())
    except OSError:
        return frozenset()


def used_by(mark: bytes) -> set[Path]:
    """Return the files in shared memory that processes with a mark in their environment have open or mapped."""
    found: set[Path] = set()
    for process in _marked(mark):
        with suppress(OSError):
            found |= {
                Path(line.split()[-1]) for line in (process / "maps").read_text().splitlines() if "/dev/shm/" in line
            }  # noqa: S108
        with suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    found.add(descriptor.readlink())
    return {path for path in found if path.parent == SHARED_MEMORY}


def remove(files: Iterable[Path]) -> None:
    """Remove files that are still there."""
    for file in files:
        with suppress(OSError):
            file.unlink()


def end_marked(mark: bytes) -> None:
    """Kill the processes that carry a mark, also those that left their group."""
    for _ in range(50):
        found = list(_marked(mark))
        for process in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(process.name), signal.SIGKILL)
        if not found:
            return
        time.sleep(0.05)


def _marked(mark: bytes) -> Iterator[Path]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            with suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    yield process
