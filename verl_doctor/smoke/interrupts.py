"""The signals that ask a program to end: heard as Ctrl-C is, and not in the middle of a step that has to be whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def raised() -> Iterator[None]:
    """Have those that would end this process at once raise KeyboardInterrupt instead, so that it can tidy up."""
    fatal = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    with _handled(fatal, signal.default_int_handler):
        yield


@contextmanager
def held_back() -> Iterator[None]:
    """Let them wait until the block is done."""
    came: list[int] = []
    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    try:
        with _handled(heard, lambda number, _: came.append(number)):
            yield
    finally:
        if came:
            signal.raise_signal(came[0])


@contextmanager
def _handled(numbers: Iterable[int], handler: Callable[[int, Any], Any]) -> Iterator[None]:
    """Handle signals; only the main thread may, and only it is interrupted."""
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in numbers:
                before[number] = signal.signal(number, handler)
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
