"""Loading a team's own patches in another process first: code that ends it or hangs does so there."""

from __future__ import annotations

import os
import pickle
import select
import signal
import subprocess  # noqa: TID251 # a program that tells how far it came; no part of what is examined
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any, Final

from verl_doctor.errors import LoadInterruptedError

DEADLINE: Final = 6.0
"""Seconds that one patch may take to load: less than a check waits for all of them, which takes some time to start."""

_START: Final = "import sys; sys.path[:] = sys.argv[1:]; from verl_doctor.patching.team.trial_child import main; main()"

_LOCK: Final = Lock()
_FOUND: Final[dict[bytes, dict[str, str]]] = {}

Sources = Sequence[tuple[str, Callable[[], Any]]]
"""Where patches come from, and what loads each."""


def fatal(sources: Sources) -> dict[str, str]:
    """Return why some of these must not be loaded here, by where they come from: they end the process, or hang.

    What they raise is not told. Where no other process can be started, none is found fatal.
    The answer is remembered, since several facts ask for the patches of one environment at the same time.
    Raises LoadInterruptedError where the user interrupts it.
    """
    work = pickle.dumps((sys.path, [load for _, load in sources]))
    with _LOCK:
        if work not in _FOUND:
            _FOUND[work] = _fatal(sources)
        return _FOUND[work]


def _fatal(sources: Sources) -> dict[str, str]:
    found: dict[str, str] = {}
    waiting = list(sources)
    while waiting:
        try:
            loaded, reason = _tried(waiting)
        except OSError:
            break
        found |= {origin: reason for origin, _ in waiting[loaded : loaded + 1]}
        waiting = waiting[loaded + 1 :]
    return found


def _tried(sources: Sources) -> tuple[int, str]:
    """Return how many of these a new process loads before one ends it or hangs, and which of the two it was."""
    child = subprocess.Popen(  # noqa: S603 # this interpreter
        [sys.executable, "-c", _START, *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    seen = bytearray()
    try:
        is_late = _watch(child, pickle.dumps([load for _, load in sources]), seen)
        with suppress(subprocess.TimeoutExpired):
            child.wait(0 if is_late else 1)
        return (len(seen) - 1 if seen else len(sources)), _reason(child.returncode)
    except KeyboardInterrupt:
        origin = sources[max(len(seen) - 1, 0)][0]
        raise LoadInterruptedError(f"Interrupted while {origin} was being loaded.") from None
    finally:
        _end(child)


def _watch(child: subprocess.Popen[bytes], work: bytes, seen: bytearray) -> bool:
    """Collect the child's signs, one when it is ready and one for each patch, and say whether the next is late."""
    assert child.stdin is not None  # noqa: S101 # both are pipes
    assert child.stdout is not None  # noqa: S101
    with suppress(BrokenPipeError), child.stdin:
        child.stdin.write(work)
    while select.select([child.stdout], [], [], DEADLINE if seen else None)[0]:
        sign = os.read(child.stdout.fileno(), 1)
        if not sign:
            return False
        seen += sign
    return True


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for stream in filter(None, (child.stdin, child.stdout)):
        with suppress(OSError):
            stream.close()


def _reason(status: int | None) -> str:
    if status is None:
        return f"it cannot be loaded: that does not end within {DEADLINE:.0f} seconds"
    end = f"signal {-status}" if status < 0 else f"exit status {status}"
    return f"it cannot be loaded: that ends the whole process ({end})"
