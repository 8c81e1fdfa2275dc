"""Stopping a tool in the middle of its work, at every place where it touches one of the three files.

strace sends SIGSTOP with the n-th system call that opens, writes or removes one of them, or that renames or links any
file; so whatever the tool is made of (a shell script, a program that calls git) stands still, and can then be killed or
let go. The call itself is still carried out.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from benchmarks.battery.case import Case
from benchmarks.battery.running import DEADLINE, Command, UnavailableError, program, started
from benchmarks.battery.tool import Tool
from benchmarks.battery.workshop import FILES

MOST = 100
ON_THE_FILES = "open openat openat2 creat write writev pwrite64 copy_file_range truncate ftruncate unlink unlinkat"
ON_ANY_FILE = "rename renameat renameat2 link linkat"  # strace compares only the first of their two paths


class Standing:
    """A run that stands still."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def kill(self) -> None:
        """Kill all of it, without a chance to tidy up."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(DEADLINE)

    def go_on(self) -> int:
        """Let it go on to its end; return its exit code. Each of its processes stands still once, so push on."""
        until = time.monotonic() + DEADLINE
        while self._process.poll() is None:
            if time.monotonic() > until:
                raise RuntimeError(f"{self._process.args!r} does not go on")
            os.killpg(self._process.pid, signal.SIGCONT)
            with suppress(subprocess.TimeoutExpired):
                self._process.communicate(timeout=0.05)
        return self._process.returncode


def stops(tool: Tool) -> Iterator[tuple[Case, Standing]]:
    """Apply to a fresh installation again and again; give each with the run that stands at the next place."""
    given = 0
    for calls in (ON_THE_FILES, ON_ANY_FILE):
        for number in count(1):
            case = Case(tool)
            with _stopped(case, calls, number) as standing:
                if standing is None:
                    break
                yield case, standing
            given += 1
            if given > MOST:
                raise RuntimeError(f"{tool.name} can be stopped at more than {MOST} places")
    if not given:
        raise UnavailableError("not asked: strace cannot stop it here")


@contextmanager
def _stopped(case: Case, calls: str, number: int) -> Iterator[Standing | None]:
    """Start applying; give the run when it stands at its n-th such call, None when it ended without."""
    command = case.tool.apply(case.subject)
    log = case.tool.workshop.new_folder() / "strace.log"
    events = ",".join(f"?{call}" for call in calls.split())
    paths = _paths(case.subject.files) if calls == ON_THE_FILES else ()
    filters = ("-e", f"trace={events}", *paths, "-e", f"inject={events}:signal=SIGSTOP:when={number}")
    argv = (program("strace", "strace"), "-f", "-qq", "-o", str(log), *filters, *command.argv)
    env = {**command.env, "PYTHONDONTWRITEBYTECODE": "1"}  # compiled modules of the tool are put in place by renaming
    with started(Command(argv=argv, cwd=command.cwd, env=env)) as process:
        if _stands(process, log):
            yield Standing(process)
            return
        output, _ = process.communicate(timeout=DEADLINE)
        if not case.look().is_patched:
            raise UnavailableError(f"not asked: under strace it says {output.strip()[-200:]!r}")
        yield None


def _paths(site: Path) -> Sequence[str]:
    """Return the names under which the three files may be opened: whole, or relative to a folder above them."""
    parts = [(site / file).parts for file in FILES]
    names = {str(Path(*path[-length:])) for path in parts for length in range(1, 6)} | {str(site / f) for f in FILES}
    return [word for name in sorted(names) for word in ("-P", name)]


def _stands(process: subprocess.Popen[str], log: Path) -> bool:
    """Wait until the run stands still or ends; say whether it stands."""
    until = time.monotonic() + DEADLINE
    while time.monotonic() < until:
        has_ended = process.poll() is not None
        if log.is_file() and "--- stopped by SIGSTOP ---" in log.read_text(errors="replace"):
            return True
        if has_ended:
            return False
        time.sleep(0.005)
    raise RuntimeError(f"{process.args!r} neither ended nor stood still")
