"""What runs on this machine, as the kernel tells it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE = 30.0
"""Seconds after which a test gives up waiting for what has to come."""


def until(there: Callable[[], bool]) -> None:
    """Wait for what has to come."""
    given_up = time.monotonic() + PATIENCE
    while not there():
        assert time.monotonic() < given_up
        time.sleep(0.005)


def with_environment(variable: str) -> Iterator[int]:
    """The other processes that run with a variable, wherever they are."""
    for pid in _processes():
        try:
            known = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if pid != os.getpid() and variable.encode() in known:
            yield pid


def is_running(pid: int) -> bool:
    return _state(pid)[0] not in "ZX"


def own_children() -> set[int]:
    """The processes of which this one is the parent, those included that wait to be reaped."""
    return {pid for pid in _processes() if _state(pid)[1] == str(os.getpid())}


def descriptors() -> set[str]:
    """The open files of this process."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        try:
            found.add(f"{link.name} {link.readlink()}")
        except OSError:
            continue
    return found


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _state(pid: int) -> tuple[str, str]:
    """The state of a process and its parent; as of a dead one where there is none."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "X", "0"
    return state, parent
