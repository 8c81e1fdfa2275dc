"""The children of one session: in process groups of their own, watched, and ended with all that they started."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from verl_doctor.smoke import leftovers

CHILD: Final = Path(__file__).with_name("child")
MARK: Final = "VERL_DOCTOR_SMOKE_TEST"
"""A variable in the environment of every process that a smoke test starts, to find those that left their group."""

_START: Final = """\
import importlib.util, sys
name, folder = "verl_doctor_child", sys.argv.pop(1)
spec = importlib.util.spec_from_file_location(name, f"{folder}/__init__.py", submodule_search_locations=[folder])
sys.modules[name] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules[name])
from verl_doctor_child.main import main
main()
"""
_GRACE: Final = 5.0
"""Seconds that children get to end by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a child said: `kind` is begin or end; for an end also how it went."""

    rank: int
    kind: str
    probe: str
    outcome: str = ""
    measurements: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A child whose pipe has closed: it ended, or was ended."""

    rank: int
    status: int | None


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing was said until the time that was waited for."""


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    pipe: int
    output: Path
    unread: bytes = b""
    is_open: bool = True


class Children:
    """One process a rank, all running the same probes."""

    def __init__(
        self, python: Path, tasks: Sequence[Mapping[str, Any]], environs: Sequence[Mapping[str, str]], work: Path
    ) -> None:
        self._mark = uuid.uuid4().hex
        self._children: list[_Child] = []
        self._selector = selectors.DefaultSelector()
        self._memory_before = leftovers.shared_memory()
        try:
            for rank, (task, environ) in enumerate(zip(tasks, environs, strict=True)):
                self._start(python, task, {**environ, MARK: self._mark}, work / f"output-{rank}")
        except BaseException:
            self.end()
            raise

    def _start(self, python: Path, task: Mapping[str, Any], environ: Mapping[str, str], output: Path) -> None:
        reading, writing = os.pipe()
        try:
            with output.open("wb") as file:
                process = subprocess.Popen(
                    [str(python), "-c", _START, str(CHILD), json.dumps({**task, "events": writing})],
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=dict(environ),
                    cwd=output.parent,
                    pass_fds=(writing,),
                    start_new_session=True,
                )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        os.set_blocking(reading, False)
        child = _Child(process=process, pipe=reading, output=output)
        self._children.append(child)
        self._selector.register(reading, selectors.EVENT_READ, (len(self._children) - 1, child))

    def said(self, until: float) -> Iterator[Event | Gone | Silence]:
        """Yield what the children say, as it comes; Silence at the time `until` (of time.monotonic), and then the end."""
        ready = self._selector.select(max(0.0, until - time.monotonic()))
        if not ready:
            yield Silence()
        for key, _ in ready:
            rank, child = key.data
            yield from self._read(rank, child)

    def _read(self, rank: int, child: _Child) -> Iterator[Event | Gone]:
        data = os.read(child.pipe, 2**16)
        *lines, child.unread = (child.unread + data).split(b"\n")
        for line in lines:
            event = _event(rank, line)
            if event:
                yield event
        if not data:
            self._close(child)
            yield Gone(rank=rank, status=self._status(child))

    def _status(self, child: _Child) -> int | None:
        """Return how a child ended; None where its pipe is closed and it runs on."""
        try:
            return child.process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            return None

    def _close(self, child: _Child) -> None:
        if child.is_open:
            child.is_open = False
            self._selector.unregister(child.pipe)
            os.close(child.pipe)

    def output(self, rank: int, size: int = 2**16) -> str:
        """Return the last of what a child printed."""
        with suppress(OSError), self._children[rank].output.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - size))
            return file.read().decode(errors="replace")
        return ""

    def end(self) -> None:
        """End every process that was started here, and remove what they left in shared memory."""
        used = leftovers.used_by(self._mark_of_process)
        for sent in (signal.SIGTERM, signal.SIGKILL):
            for child in self._children:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.process.pid, sent)
            if self._wait(_GRACE):
                break
        leftovers.end_marked(self._mark_of_process)
        for child in self._children:
            self._close(child)
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(_GRACE)
        self._selector.close()
        leftovers.remove(used - self._memory_before)

    @property
    def _mark_of_process(self) -> bytes:
        return f"{MARK}={self._mark}".encode()

    def _wait(self, seconds: float) -> bool:
        """Say whether all children have ended within some seconds."""
        until = time.monotonic() + seconds
        while any(child.process.poll() is None for child in self._children):
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True


def _event(rank: int, line: bytes) -> Event | None:
    """Return an event; None for a line that is none."""
    try:
        said = json.loads(line)
        return Event(
            rank=rank,
            kind=str(said["event"]),
            probe=str(said["probe"]),
            outcome=str(said.get("outcome", "")),
            measurements=dict(said.get("measurements") or {}),
            reason=said.get("reason"),
            detail=str(said.get("detail", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
