"""The children of one attempt, one a rank: heard together, and ended with all that they started."""

from __future__ import annotations

import os
import select
import signal
import tempfile
import time
import uuid
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from verl_doctor.smoke import interrupts, leftovers, rank, said
from verl_doctor.smoke.said import Closed, Event, Gone

CHILD: Final = Path(__file__).with_name("child")
MARK: Final = "VERL_DOCTOR_SMOKE_TEST"
"""A variable in the environment of every process that a smoke test starts, to find those that left their session."""
ANSWER: Final = 1.0
"""Seconds that children get to print where they are."""
_MOMENT: Final = 0.2
"""Seconds after which one looks again for what does not tell of itself."""
_SHORT: Final = 0.005
"""The same where a process is about to end."""


class Children:
    """Processes that run the same code, a smoke test's by default, in a folder that goes with them."""

    def __init__(self, code: Path | None = None) -> None:
        self._code = code or CHILD
        self._folder = tempfile.TemporaryDirectory(prefix="verl-doctor-", ignore_cleanup_errors=True)
        self._mark = uuid.uuid4().hex
        self._shared_memory = leftovers.SharedMemory()
        self._ranks: list[rank.Rank] = []

    @property
    def folder(self) -> Path:
        """Where they run, and may write."""
        return Path(self._folder.name)

    def start(self, python: Path, task: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        """Start the next rank. Raises NotStartedError where that cannot be."""
        with interrupts.held_back():
            marked = {**environ, MARK: self._mark}
            number = len(self._ranks)
            self._ranks.append(rank.Rank(number, python, self._code, task, marked))

    def listen(self, until: float) -> list[Event | Closed | Gone]:
        """Return what the children say next; nothing where they are silent for a moment, or until a time.

        Of what is heard at once, one that was killed comes first: the others miss it.
        """
        waiting = select.poll()
        for child in self._ranks:
            for descriptor in child.descriptors:
                waiting.register(descriptor, select.POLLIN)
        moment = _SHORT if any(child.is_ending for child in self._ranks) else _MOMENT
        waiting.poll(1000 * max(0.0, min(moment, until - time.monotonic())))
        killed_first = sorted(self._ranks, key=lambda child: not child.was_killed)
        heard = [each for child in killed_first for each in child.hear()]
        if self._shared_memory.has_changed():
            self._shared_memory.look(self._family())
        return heard

    def output(self, number: int) -> str:
        """Return the last of what a rank printed."""
        return self._ranks[number].output()

    def ask_where(self, numbers: Collection[int]) -> None:
        """Have ranks print where they are; those that cannot are not waited for long."""
        for number in numbers:
            self._ranks[number].ask_where()
        until = time.monotonic() + ANSWER
        while time.monotonic() < until and not all(said.whereabouts(self.output(number)) for number in numbers):
            self.listen(until)
        self.listen(time.monotonic() + _SHORT)  # for the rest of what was begun

    def end(self) -> None:
        """End every process that was started here, wherever it went, and remove what they left.

        First they are asked, and what tidies up after a process that ends (as Python's resource tracker does) gets the
        time for it; so at first only the ranks are killed.
        """
        with interrupts.held_back():
            self._shared_memory.look(self._family())
            ranks = {child.pid for child in self._ranks}
            for number, only in ((signal.SIGTERM, None), (signal.SIGKILL, ranks), (signal.SIGKILL, None)):
                if self._all_end(number, only):
                    break
            for child in self._ranks:
                child.close()
            self._shared_memory.remove()
            self._folder.cleanup()

    def _all_end(self, number: signal.Signals, only: set[int] | None) -> bool:
        """Send a signal to those that run, also to those that come up meanwhile; say whether all of them end.

        One look misses a process that starts another and ends while one looks; so nothing is left only if two see none.
        """
        sent: set[int] = set()
        until = time.monotonic() + rank.GRACE
        while running := self._family() or self._family():
            for pid in (running if only is None else running & only) - sent:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
                sent.add(pid)
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    def _family(self) -> set[int]:
        """Return the running processes that were started here or came from those."""
        ranks = {child.pid for child in self._ranks}
        running = {child.pid for child in self._ranks if child.how_it_ended() is None}
        return running | leftovers.family(ranks, f"{MARK}={self._mark}".encode())
