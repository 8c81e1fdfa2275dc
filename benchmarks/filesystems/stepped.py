"""Runs that are killed, or stand still, before one of their operations on the disk."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.running import DEADLINE, Command, Ran, run, started
from benchmarks.battery.stops import Standing

_DOCTOR = ("-m", "verl_doctor")


def killed(command: Command, number: int, folder: Path) -> Ran:
    """Run a command that is killed before its n-th operation on the disk, if it comes that far."""
    return run(_stepping(command, number, "SIGKILL", folder / f"killed-{number}"))


def operations(command: Command, log: Path) -> int:
    """Run a command to its end; return how many operations on the disk it took."""
    run(_stepping(command, 0, "SIGCONT", log))
    return log.stat().st_size


@contextmanager
def standing(command: Command, number: int, log: Path) -> Iterator[Standing]:
    """Start a command, and give it when it stands still before its n-th operation."""
    with started(_stepping(command, number, "SIGSTOP", log)) as process:
        _await_stop(process)
        yield Standing(process)


def counted(command: Command, log: Path) -> Command:
    """Return a command that notes its operations in a file."""
    return _stepping(command, 0, "SIGCONT", log)


def _stepping(command: Command, number: int, signal: str, log: Path) -> Command:
    argv = command.argv
    at = next(place for place in range(len(argv)) if argv[place : place + 2] == _DOCTOR)
    inserted = ("-m", "benchmarks.filesystems.stepping", str(number), signal, str(log))
    env = {**command.env, "PYTHONDONTWRITEBYTECODE": "1"}
    return Command(argv=(*argv[:at], *inserted, *argv[at + 2 :]), cwd=command.cwd, env=env)


def _await_stop(process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + DEADLINE
    while not _is_stopped(process.pid):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"{process.args!r} did not stand still")
        time.sleep(0.01)


def _is_stopped(group: int) -> bool:
    """Say whether a process of a group stands still."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # ended meanwhile
            if fields[0] == "T" and int(fields[2]) == group:
                return True
    return False
