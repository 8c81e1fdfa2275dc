"""Signals that ask the process to end: while files are written they do what Ctrl-C does, so that all is put back.

scancel, docker stop and a closed terminal send SIGTERM or SIGHUP, which end a process on the spot.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

_ENDING: Final = (signal.SIGTERM, signal.SIGHUP)
_received: list[int] = []


@contextmanager
def as_interrupts() -> Iterator[None]:
    """Have the first of these signals raise KeyboardInterrupt; one that is ignored (nohup) stays so."""
    held = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    with suppress(ValueError):  # only the main thread may, and only it is interrupted
        for number in held:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        with suppress(ValueError):
            for number in held:
                signal.signal(number, signal.SIG_DFL)


def exit_code() -> int:
    """Return what an interrupt leaves with: 128 and the number of the signal."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def how() -> str:
    """Return what an interrupt was, as the begin of a sentence."""
    return f"Ended by {signal.Signals(_received[0]).name}" if _received else "Interrupted"


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Interrupt once: what is then put back must not be interrupted by the next."""
    del frame
    if not _received:
        _received.append(number)
        raise KeyboardInterrupt
