"""Two writers are kept apart, and a dead one keeps nobody out."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.patching.sandbox import FILES, FIXED, Sandbox
from verl_doctor.errors import BusyError, WriteFailedError
from verl_doctor.host import Exited, LocalHost, NotStarted
from verl_doctor.patching.locking import lock, mounts
from verl_doctor.patching.place import LEASE
from verl_doctor.patching.writing.disk import Disk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "METADATA"
    path.write_text("Name: vllm")
    return path


def failing(number: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def test_nothing_is_left_and_nothing_is_written(file: Path) -> None:
    before = file.stat()
    with lock.held(file):
        pass
    assert file.stat() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_it_is_free_after_an_error(file: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), lock.held(file):
        raise error
    with lock.held(file, patience=0):
        pass


def test_a_file_that_cannot_be_written_is_locked_all_the_same(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def denied(path: Path, flags: int) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return opened(path, flags)

    monkeypatch.setattr(os, "open", denied)
    with lock.held(file), pytest.raises(BusyError), lock.held(file, patience=0):
        pytest.fail("got in")


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(errno.ENOSYS, id="Lustre without -o flock"),
        pytest.param(errno.EOPNOTSUPP, id="FUSE"),
        pytest.param(errno.ENOLCK, id="NFS without its lock daemon"),
        pytest.param(errno.EBADF, id="NFS, not opened for writing"),
    ],
)
def test_a_file_system_without_locks(file: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(number))
    with lock.held(file) as locked:
        assert locked == "no locks"
    with lock.all_held(LocalHost(), [file], patience=0):
        assert (file.parent / LEASE).exists()
    assert list(file.parent.iterdir()) == [file]


def test_a_lock_that_fails_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", failing(errno.EIO))
    with (
        pytest.raises(WriteFailedError, match="METADATA cannot be locked: Input/output error; nothing was changed"),
        lock.all_held(LocalHost(), [file]),
    ):
        pytest.fail("got in")


def test_where_only_this_node_writes_no_lease_is_taken(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "is_of_this_node", lambda *_: True)
    with lock.all_held(LocalHost(), [file, file.parent]):
        assert list(file.parent.iterdir()) == [file]


def test_where_others_may_write_a_lease_is_taken_beside_each_description_and_in_each_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "is_of_this_node", lambda *_: False)
    site, checkout = tmp_path / "site-packages", tmp_path / "checkout"
    metadata = site / "vllm-0.7.2.dist-info"
    metadata.mkdir(parents=True)
    checkout.mkdir()
    (metadata / "METADATA").touch()
    with lock.all_held(LocalHost(), [checkout, site, metadata / "METADATA"]) as confirm:
        confirm()
        assert {path.parent for path in tmp_path.rglob(LEASE)} == {checkout, metadata}
    assert not list(tmp_path.rglob(LEASE))


def test_whoever_holds_it_keeps_others_out(file: Path) -> None:
    with (
        lock.held(file),
        pytest.raises(BusyError, match=r"Another verl-doctor is changing .*; nothing was written"),
        lock.held(file, patience=0.05),
    ):
        pytest.fail("got in")


def test_a_killed_holder_keeps_nobody_out(file: Path) -> None:
    read, write = os.pipe()
    holder = os.fork()
    if holder == 0:
        with lock.held(file):
            os.write(write, b"!")
            signal.pause()
    assert os.read(read, 1) == b"!"
    with pytest.raises(BusyError), lock.held(file, patience=0):
        pytest.fail("got in")
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    with lock.held(file, patience=0):
        pass
    os.close(read)
    os.close(write)


def test_a_folder_is_locked_as_a_file_is(tmp_path: Path) -> None:
    with lock.held(tmp_path), pytest.raises(BusyError), lock.held(tmp_path, patience=0):
        pytest.fail("got in")


def test_a_file_that_is_gone(file: Path) -> None:
    file.unlink()
    with pytest.raises(FileNotFoundError), lock.held(file):
        pytest.fail("got in")


@pytest.mark.parametrize("is_back", [True, False])
def test_the_lock_of_a_file_that_was_replaced_while_waiting_is_worth_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, *, is_back: bool
) -> None:
    """A reinstall comes between opening the file and locking it."""
    flock = fcntl.flock
    locked: list[int] = []

    def replaced(descriptor: int, operation: int) -> None:
        if not locked:
            file.unlink()
            if is_back:
                file.write_text("Name: vllm")
        locked.append(os.fstat(descriptor).st_ino)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", replaced)
    if is_back:
        with lock.held(file, patience=1), pytest.raises(BusyError), lock.held(file, patience=0):
            pytest.fail("got in")
        assert len(locked) == 3
    else:
        with pytest.raises(FileNotFoundError), lock.held(file, patience=1):
            pytest.fail("got in")


def test_a_reinstall_lets_no_second_writer_in(sandbox: Sandbox) -> None:
    class Reinstalling(Disk):
        """METADATA is another file as soon as the first is written."""

        def create(self, path: Path, content: bytes, like: Path | None = None) -> None:
            (sandbox.metadata / "other").write_bytes((sandbox.metadata / "METADATA").read_bytes())
            (sandbox.metadata / "other").replace(sandbox.metadata / "METADATA")
            with pytest.raises(BusyError, match="Another verl-doctor is changing"):
                sandbox.apply()
            super().create(path, content, like)

    sandbox.apply(disk=Reinstalling())
    assert {file: sandbox.read(file) for file in FILES} == FIXED


def test_many_at_once_end_in_one_of_two_states(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    program = (
        "import sys; from pathlib import Path; from tests.patching.sandbox import Sandbox; "
        "box = Sandbox(Path(sys.argv[1])); getattr(box, sys.argv[2])(patience=60)"
    )
    host = LocalHost()
    verbs = ("apply", "revert") * 3
    running = [host.start([sys.executable, "-c", program, str(sandbox.site), verb]) for verb in verbs]
    for process in running:
        assert not isinstance(process, NotStarted)
        outcome = process.wait(60)
        assert isinstance(outcome, Exited)
        assert (outcome.status, outcome.stderr) == (0, "")
    assert {file: sandbox.read(file) for file in FILES} in (FILES, FIXED)
    assert sandbox.disagreements_with_record() == []
    sandbox.revert()
    assert sandbox.snapshot() == before
