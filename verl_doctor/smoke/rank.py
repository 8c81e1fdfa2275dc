"""One child: its process, and the pipes between it and the parent."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

from verl_doctor.smoke import said
from verl_doctor.smoke.said import Closed, Event, Gone

GRACE: Final = 5.0
"""Seconds that a child gets for what it is about to do anyway: to end."""
LONGEST: Final = 2**22
"""The most bytes that an event may have."""
_KEPT: Final = 2**16
"""How many bytes are kept of what a child printed last."""
_START: Final = """\
import contextlib, faulthandler, fcntl, importlib.util, os, select, signal, sys
name, folder, lifeline = "verl_doctor_child", sys.argv.pop(1), int(sys.argv.pop(1))
# The other end of this pipe is the parent's. Once that is gone, in whatever way, the kernel kills this process group,
# whatever it is busy with.
os.set_inheritable(lifeline, False)
with contextlib.suppress(OSError):
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)
if select.select([lifeline], [], [], 0)[0]:
    os._exit(1)
faulthandler.enable()
faulthandler.register(signal.SIGQUIT)
spec = importlib.util.spec_from_file_location(name, f"{folder}/__init__.py", submodule_search_locations=[folder])
sys.modules[name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[name])
from verl_doctor_child.main import main
main()
"""


class NotStartedError(Exception):
    """The interpreter cannot be run; the message says why."""


class Rank:
    """A child that runs. It is reaped only by `close`: until then its number, and that of its session, is its own."""

    def __init__(
        self, number: int, python: Path, code: Path, task: Mapping[str, Any], environ: Mapping[str, str]
    ) -> None:
        self.number = number
        self._unread = self._printed = b""
        self._closed_at: float | None = None
        self._is_gone = False
        with ExitStack() as ours, ExitStack() as theirs:
            events, saying = _pipe(ours, theirs)
            output, printing = _pipe(ours, theirs)
            lifeline, _ = _pipe(theirs, ours)  # nothing is ever written to it
            told = json.dumps({**task, "rank": number, "events": saying})
            try:
                self._process = subprocess.Popen(
                    [python, "-c", _START, code, str(lifeline), told],
                    stdin=subprocess.DEVNULL,
                    stdout=printing,
                    stderr=printing,
                    env=environ,
                    cwd=task["work"],
                    pass_fds=(saying, lifeline),
                    start_new_session=True,
                )
            except OSError as error:
                raise NotStartedError(f"{python} cannot be started: {error.strerror}") from error
            self._ours = ours.pop_all()
        self._events, self._output = _Reader(events), _Reader(output)

    @property
    def pid(self) -> int:
        """The number of the process, of its group and of its session."""
        return self._process.pid

    @property
    def descriptors(self) -> list[int]:
        """What to wait for until there is something to hear."""
        heard = (self._output,) if self._is_gone else (self._output, self._events)
        return [reader.descriptor for reader in heard if not reader.is_at_end]

    def how_it_ended(self) -> str | None:
        """Say how the process ended; None while it runs."""
        try:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # where the doctor was started with SIGCHLD ignored, it is not told
            return "ended"
        if ended is None:
            return None
        if ended.si_code == os.CLD_EXITED:
            return f"ended with status {ended.si_status}"
        known = {number.value: number.name for number in signal.Signals}
        killed = f"was killed by {known.get(ended.si_status, f'signal {ended.si_status}')}"
        return f"{killed}, as the system does when memory runs out," if ended.si_status == signal.SIGKILL else killed

    @property
    def was_killed(self) -> bool:
        """Whether a signal ended the process."""
        try:
            ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return ended is not None and ended.si_code != os.CLD_EXITED

    def hear(self) -> Iterator[Event | Closed | Gone]:
        """Yield what it has said since the last time."""
        how = self.how_it_ended()  # asked first: what it said before its end can be read by now
        self._keep_output()
        if self._is_gone:
            return
        for line in self._lines():
            event = said.event(self.number, line)
            if event is None:
                how = f"sent what is no event ({said.one_line(line[:100].decode(errors='replace'))})"
                break
            yield event
        if self._events.is_at_end and self._closed_at is None:
            self._closed_at = time.monotonic()
            yield Closed(rank=self.number)
        if how := how or self._is_lost():
            self._is_gone = True
            yield Gone(rank=self.number, how=how)

    def _lines(self) -> list[bytes]:
        *lines, self._unread = (self._unread + self._events.read()).split(b"\n")
        return lines

    def _is_lost(self) -> str | None:
        """Say why nothing more can come from a process that runs on."""
        if len(self._unread) > LONGEST:
            return f"sent an event of more than {LONGEST >> 20} MiB"
        if self._closed_at is not None and time.monotonic() > self._closed_at + GRACE:
            return "closed its pipe and went on"
        return None

    @property
    def is_ending(self) -> bool:
        """Whether it has closed its pipe, and one waits for its end."""
        return self._closed_at is not None and not self._is_gone

    def output(self) -> str:
        """Return the last of what it printed."""
        self._keep_output()
        return said.plain(self._printed.decode(errors="replace"))

    def _keep_output(self) -> None:
        self._printed = (self._printed + self._output.read())[-_KEPT:]

    def ask_where(self) -> None:
        """Have it print where it is, if it is a Python that can."""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, signal.SIGQUIT)

    def close(self) -> None:
        """Let go of it; the kernel kills what is left of its group."""
        self._ours.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)


class _Reader:
    """The reading end of a pipe, which never waits."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.descriptor = descriptor
        self.is_at_end = False

    def read(self) -> bytes:
        """Return what has come, or the first of it where that is much."""
        data = b""
        with suppress(BlockingIOError):
            while not self.is_at_end and len(data) < LONGEST:
                chunk = os.read(self.descriptor, 2**16)
                data += chunk
                self.is_at_end = not chunk
        return data


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[int, int]:
    """Return the ends of a pipe, each closed with its owner.

    They are above the standard streams: where those are closed, a pipe would get their numbers, and be taken for them.
    """
    with ExitStack() as low:
        made = os.pipe()
        for end in made:
            low.callback(os.close, end)
        ends = []
        for end, owner in zip(made, (reader, writer), strict=True):
            ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3))
            owner.callback(os.close, ends[-1])
    return ends[0], ends[1]
