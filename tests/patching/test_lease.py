"""Writers of several nodes are kept apart by files, where no lock is known to all of them."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import filelock
import pytest

from tests.patching.sandbox import FILES, FIXED, Sandbox
from verl_doctor.errors import BusyError, WriteFailedError
from verl_doctor.host import Exited, LocalHost, NotStarted
from verl_doctor.patching import lease, mounts
from verl_doctor.patching.disk import Disk

_KEPT: list[AbstractContextManager[object]] = []


def without_locks() -> None:
    """Be on a file system that keeps no locks and is shared with other nodes."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    fcntl.flock = fail
    mounts.is_of_this_node = lambda *_: False


@pytest.fixture
def _shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", fcntl.flock)
    monkeypatch.setattr(mounts, "is_of_this_node", mounts.is_of_this_node)
    without_locks()


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "SECONDS", 0.4)
    monkeypatch.setattr(lease, "_RENEWED_EVERY", 0.1)


@contextmanager
def child(run: Callable[[], None]) -> Iterator[int]:
    """Run something in a child, which then stays as it is until it is killed here; yield its number."""
    read, write = os.pipe()
    number = os.fork()
    if number == 0:
        try:
            run()
            os.write(write, b"!")
            signal.pause()
        finally:
            os._exit(1)
    try:
        assert os.read(read, 1) == b"!"
        yield number
    finally:
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)
        os.close(read)
        os.close(write)


def hold(folder: Path) -> None:
    """Hold the lease of a folder until the process ends."""
    taken = lease.held(folder, 0)
    taken.__enter__()
    _KEPT.append(taken)


def test_one_at_a_time_and_nothing_is_left(tmp_path: Path) -> None:
    with lease.held(tmp_path, 0) as taken:
        lease.confirm([taken, None])
        with (
            pytest.raises(BusyError, match=rf"Another verl-doctor \(process {os.getpid()} on .*\) is changing"),
            lease.held(tmp_path, 0.2),
        ):
            pytest.fail("got in")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(filelock.SoftFileLease, "acquire", denied)
    with lease.held(tmp_path, 0) as taken:
        assert taken is None


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(filelock.SoftFileLease, "acquire", full)
    with pytest.raises(OSError, match="No space left"), lease.held(tmp_path, 0):
        pytest.fail("got in")


def test_a_lease_of_other_length_is_somebody_elses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with child(lambda: hold(tmp_path)):
        monkeypatch.setattr(lease, "SECONDS", lease.SECONDS + 1)
        with pytest.raises(BusyError), lease.held(tmp_path, 0.3):
            pytest.fail("got in")


def test_the_dead_of_this_node_keep_nobody_out(tmp_path: Path) -> None:
    with child(lambda: hold(tmp_path)):
        pass
    assert (tmp_path / lease.NAME).exists()
    with lease.held(tmp_path, 1) as taken:
        lease.confirm([taken])
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_hasty")
def test_the_dead_of_another_node_keep_others_out_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere() -> None:
        monkeypatch.setattr(socket, "gethostname", lambda: "another-node")
        hold(tmp_path)

    with (
        child(elsewhere),
        pytest.raises(BusyError, match="on another-node"),
        lease.held(tmp_path, 2 * lease.SECONDS),
    ):
        pytest.fail("got in while it is renewed")
    with pytest.raises(BusyError), lease.held(tmp_path, 0):
        pytest.fail("got in at once")
    with lease.held(tmp_path, 4 * lease.SECONDS) as taken:
        lease.confirm([taken])


@pytest.mark.usefixtures("_shared", "_hasty")
def test_who_was_taken_for_dead_writes_nothing_more(sandbox: Sandbox) -> None:
    class Stopping(Disk):
        """Stands still in the midst of exchanging files, while another node takes over and reverts."""

        def replace(self, source: Path, path: Path) -> None:
            super().replace(source, path)
            if path.suffix == ".py" and not stopped:
                stopped.append(path)
                with child(take_over):
                    pass

    def take_over() -> None:
        for file in sandbox.site.rglob(lease.NAME):  # as after a long stop: nothing has renewed them
            file.unlink()
        sandbox.revert(patience=5)

    stopped: list[Path] = []
    before = sandbox.snapshot()
    with pytest.raises(WriteFailedError, match="stood still for so long that another verl-doctor may have taken over"):
        sandbox.apply(disk=Stopping())
    assert stopped
    assert {file: sandbox.read(file) for file in FILES} == FILES
    sandbox.revert(patience=5)
    assert sandbox.snapshot() == before


@pytest.mark.usefixtures("_shared")
def test_many_at_once_end_in_one_of_two_states(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    program = (
        "import sys; from pathlib import Path; from tests.patching.sandbox import Sandbox; "
        "from tests.patching.test_lease import without_locks; without_locks(); "
        "box = Sandbox(Path(sys.argv[1])); getattr(box, sys.argv[2])(patience=60)"
    )
    host = LocalHost()
    running = [host.start([sys.executable, "-c", program, str(sandbox.site), verb]) for verb in ("apply", "revert") * 3]
    for process in running:
        assert not isinstance(process, NotStarted)
        outcome = process.wait(100)
        assert isinstance(outcome, Exited)
        assert (outcome.status, outcome.stderr) == (0, "")
    assert {file: sandbox.read(file) for file in FILES} in (FILES, FIXED)
    assert sandbox.disagreements_with_record() == []
    sandbox.revert()
    assert sandbox.snapshot() == before
