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
from dataclasses import replace
from pathlib import Path

import pytest

from tests.patching.sandbox import FILES, FIXED, Sandbox
from verl_doctor.errors import BusyError, WriteFailedError
from verl_doctor.host import Exited, LocalHost, NotStarted
from verl_doctor.patching.locking import claim, lease, mounts
from verl_doctor.patching.place import LEASE
from verl_doctor.patching.writing import content
from verl_doctor.patching.writing.disk import Disk

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
    monkeypatch.setattr(lease, "SECONDS", 0.6)


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


def failing(number: int) -> Callable[..., int]:
    def fail(*_: object, **__: object) -> int:
        raise OSError(number, os.strerror(number))

    return fail


def elsewhere(folder: Path) -> None:
    """Hold the lease of a folder on another node."""
    claim._kernel = lambda: "another kernel"
    socket.gethostname = lambda: "another-node"
    hold(folder)


def test_one_at_a_time_and_nothing_is_left(tmp_path: Path) -> None:
    with lease.held(tmp_path, 0) as confirm:
        confirm()
        with (
            pytest.raises(
                BusyError, match=rf"Another verl-doctor \(process {os.getpid()} on .*\) is changing {tmp_path}"
            ),
            lease.held(tmp_path, 0.2),
        ):
            pytest.fail("got in")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_folder_that_cannot_be_written_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "open", failing(number))
    with lease.held(tmp_path, 0) as confirm:
        confirm()
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("operation", ["open", "pwrite", "fsync"])
def test_a_full_disk_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    monkeypatch.setattr(os, operation, failing(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"), lease.held(tmp_path, 0):
        pytest.fail("got in")
    monkeypatch.undo()
    assert not list(tmp_path.iterdir())


def test_whoever_waits_can_read_who_writes(tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        with lease.held(tmp_path, 0):
            assert (tmp_path / LEASE).stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(mask)


def test_the_dead_of_this_node_keep_nobody_out(tmp_path: Path) -> None:
    with (
        child(lambda: hold(tmp_path)),
        pytest.raises(BusyError),
        lease.held(tmp_path, 0.3),
    ):
        pytest.fail("got in")
    assert (tmp_path / LEASE).exists()
    with lease.held(tmp_path, 0) as confirm:
        confirm()
    assert not list(tmp_path.iterdir())


def test_a_living_process_with_the_number_of_a_dead_one_keeps_nobody_out(tmp_path: Path) -> None:
    dead = replace(claim.mine(), process=os.getppid(), born="1")
    (tmp_path / LEASE).write_bytes(claim.written(dead, 0))
    with lease.held(tmp_path, 0):
        pass


def test_a_process_that_cannot_be_seen_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "kill", failing(errno.EPERM))
    monkeypatch.setattr(claim, "_born", lambda _: "")
    assert not replace(claim.mine(), born="1").is_dead


def test_where_nothing_tells_kernels_apart_nobody_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", failing(errno.ENOENT))
    assert not replace(claim.mine(), process=2**22 + 1).is_dead


@pytest.mark.usefixtures("_hasty")
def test_the_dead_of_another_node_keep_others_out_for_a_while(tmp_path: Path) -> None:
    with (
        child(lambda: elsewhere(tmp_path)),
        pytest.raises(BusyError, match="on another-node"),
        lease.held(tmp_path, 3 * lease.SECONDS),
    ):
        pytest.fail("got in while it is renewed")
    with pytest.raises(BusyError), lease.held(tmp_path, 0):
        pytest.fail("got in at once")
    with lease.held(tmp_path, 4 * lease.SECONDS) as confirm:
        confirm()
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"0",
        b"a file of somebody else",
        b"000 {}",
        claim.written(replace(claim.mine(), process="x"), 0),  # type: ignore[arg-type] # as a damaged file has it
    ],
)
def test_what_nobody_renews_keeps_others_out_for_a_while(tmp_path: Path, text: bytes) -> None:
    (tmp_path / LEASE).write_bytes(text)
    with pytest.raises(BusyError, match="Another verl-doctor is changing"), lease.held(tmp_path, 0):
        pytest.fail("got in at once")
    with lease.held(tmp_path, 4 * lease.SECONDS):
        pass
    assert not list(tmp_path.iterdir())


def test_of_two_that_bury_one_takes_nothing_from_who_came_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / LEASE
    dead, living = claim.written(claim.mine(), 0), claim.written(claim.mine(), 1)
    file.write_bytes(living)
    lease._bury(file, dead)
    assert file.read_bytes() == living
    reading = iter([dead, living])  # it is exchanged between the look and the step
    monkeypatch.setattr(content, "read", lambda *_: next(reading))
    lease._bury(file, dead)
    assert file.read_bytes() == living
    assert list(tmp_path.iterdir()) == [file]


def test_what_somebody_who_died_had_put_aside_goes(tmp_path: Path) -> None:
    (tmp_path / f"{LEASE}.1.2").write_bytes(b"dead")
    with lease.held(tmp_path, 0):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_hasty")
def test_who_only_waits_for_a_second_lease_renews_the_first(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with lease.held(first, 0) as confirm:
        with child(lambda: elsewhere(second)), pytest.raises(BusyError), lease.held(second, 3 * lease.SECONDS):
            pytest.fail("got in")
        confirm()
        with pytest.raises(BusyError), lease.held(first, 0):
            pytest.fail("got in")


@pytest.mark.usefixtures("_shared", "_hasty")
def test_who_was_taken_for_dead_writes_nothing_more(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopping(Disk):
        """Stands still in the midst of exchanging files, until another node has taken over and reverted."""

        def replace(self, source: Path, path: Path) -> None:
            super().replace(source, path)
            if path.suffix == ".py" and not stopped:
                stopped.append(path)
                with child(take_over):
                    pass

    def take_over() -> None:
        claim._kernel = lambda: "another kernel"
        sandbox.revert(patience=5)

    stopped: list[Path] = []
    before = sandbox.snapshot()
    monkeypatch.setattr(lease.Lease, "_renew", lambda _: None)
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
        "from tests.patching.locking.test_lease import without_locks; without_locks(); "
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


@pytest.mark.usefixtures("_shared")
@pytest.mark.parametrize("verb", ["apply", "revert"])
def test_a_lease_that_a_dead_writer_left_is_removed_where_nothing_is_to_be_done(sandbox: Sandbox, verb: str) -> None:
    getattr(sandbox, verb)()
    before = sandbox.snapshot()
    (sandbox.metadata / LEASE).write_bytes(claim.written(replace(claim.mine(), born="1", process=os.getppid()), 0))
    getattr(sandbox, verb)(patience=5)
    assert sandbox.snapshot() == before


def test_a_lease_goes_with_what_an_uninstall_left(sandbox: Sandbox) -> None:
    for file in sandbox.metadata.iterdir():
        file.unlink()
    (sandbox.metadata / LEASE).write_bytes(claim.written(claim.mine(), 0))
    metadata = sandbox.metadata
    sandbox.revert()
    assert not metadata.exists()


def test_a_process_that_nobody_waits_for_is_dead(tmp_path: Path) -> None:
    read, write = os.pipe()
    number = os.fork()
    if number == 0:
        hold(tmp_path)
        os.write(write, b"!")
        os._exit(0)
    assert os.read(read, 1) == b"!"
    os.waitid(os.P_PID, number, os.WEXITED | os.WNOWAIT)
    with lease.held(tmp_path, 0):
        pass
    os.waitpid(number, 0)
    os.close(read)
    os.close(write)


@pytest.mark.usefixtures("_shared", "_hasty")
def test_nothing_to_do_beside_a_writer_of_another_node_is_no_error(sandbox: Sandbox) -> None:
    sandbox.apply()
    with child(lambda: elsewhere(sandbox.metadata)):
        assert not sandbox.apply().changes
        assert not lease.is_abandoned(sandbox.metadata)
    assert lease.is_abandoned(sandbox.metadata)
    sandbox.apply()
    assert not (sandbox.metadata / LEASE).exists()
