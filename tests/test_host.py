"""Running programs on the real machine: none is left behind."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path
from threading import Timer, main_thread
from time import monotonic

import pytest

from verl_doctor.host import READ_LIMIT, Exited, LocalHost, LocalProcess, NotStarted, TimedOut

SLEEP = ("/bin/sh", "-c", "sleep 60 & echo $!; wait")


def ends(pid: int) -> bool:
    """Say whether a process is gone, or only waits to be reaped, within some seconds."""
    until = monotonic() + 10
    while monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
    return False


def start(*argv: str) -> LocalProcess:
    process = LocalHost().start(argv)
    assert isinstance(process, LocalProcess)
    return process


def test_a_program_that_ends_is_no_longer_listed() -> None:
    process = start("/bin/sh", "-c", "echo out; echo err >&2; exit 3")
    assert process in LocalProcess.running
    assert process.wait(30) == Exited(3, "out\n", "err\n")
    assert process not in LocalProcess.running


def test_a_program_that_is_not_there() -> None:
    assert LocalHost().run(["/no/such/program"], 1) == NotStarted("/no/such/program: No such file or directory")


def test_a_deadline_ends_the_program_and_its_children() -> None:
    told = LocalHost().run(SLEEP, 1.0)
    assert isinstance(told, TimedOut)
    assert ends(int(told.stdout))


def test_an_interruption_ends_the_program_and_is_passed_on() -> None:
    process = start(*SLEEP)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = Timer(0.2, signal.pthread_kill, [main_thread().ident, signal.SIGINT])
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            process.wait(60)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert ends(process._child.pid)
    assert process not in LocalProcess.running
    assert process._child.communicate()[1] == b""


def test_leaving_ends_what_runs_and_what_starts_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalProcess, "is_leaving", False)
    monkeypatch.setattr(LocalProcess, "running", set())
    early = start(*SLEEP)
    LocalProcess.end_all()
    late = start(*SLEEP)
    for process in (early, late):
        told = process.wait(30)
        assert isinstance(told, Exited)
        assert told.status == -signal.SIGKILL
    assert not LocalProcess.running


@pytest.mark.parametrize("size", [0, 1, 512, 2**20 - 1, 2**20, 3 * 2**20 + 77])
@pytest.mark.parametrize("limit", [0, 1000, READ_LIMIT])
def test_a_file_is_read_past_the_cache(tmp_path: Path, size: int, limit: int) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(size))
    assert LocalHost().read_anew(file, limit) == file.read_bytes()[:limit]


def test_where_nothing_is_read_past_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def refused(path: Path, flags: int) -> int:
        if flags & os.O_DIRECT:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return opened(path, flags)

    monkeypatch.setattr(os, "open", refused)
    (tmp_path / "file").write_bytes(b"1")
    assert LocalHost().read_anew(tmp_path / "file") == b"1"
    with pytest.raises(FileNotFoundError):
        LocalHost().read_anew(tmp_path / "none")
