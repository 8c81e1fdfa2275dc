"""Two users of one host and verl's file lock, with published releases."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging.specifiers import SpecifierSet

from tests.conftest import Release
from verl_doctor import releases
from verl_doctor.demo.taking import take
from verl_doctor.patching import catalogue
from verl_doctor.patching.diagnosis import Absent, Applicable, Applied, FixedUpstream, diagnose
from verl_doctor.patching.diff import unified
from verl_doctor.patching.patch import Before
from verl_doctor.patching.structure import examine

pytestmark = pytest.mark.real

[PATCH] = catalogue.load(["zmq-lock-permission"])
FILE = PATCH.site().file
ALICE, BOB = 31001, 31002


def published(release: Release, version: str) -> bytes:
    return (release("verl", version, [FILE]) / FILE).read_bytes()


@pytest.fixture
def before(release: Release) -> bytes:
    return published(release, "0.5.0")


@pytest.fixture
def after(before: bytes) -> bytes:
    found = examine(PATCH, before)
    assert isinstance(found, Before)
    return found.edited


def test_every_release_in_the_range_has_the_bug(before: bytes, after: bytes) -> None:
    assert list(SpecifierSet(PATCH.versions).filter(releases.versions("verl"))) == ["0.5.0"]
    assert diagnose(PATCH, "0.5.0", before) == Applicable()
    assert diagnose(PATCH, "0.5.0", after) == Applied()


@pytest.mark.parametrize("version", ["0.6.0", "0.6.1"])
def test_later_releases_do_not_have_it(release: Release, version: str) -> None:
    source = published(release, version)
    assert not PATCH.trace.search(source)
    assert diagnose(PATCH, version, source) == FixedUpstream()


@pytest.mark.parametrize("version", ["0.4.0", "0.4.1"])
def test_earlier_releases_have_no_lock(release: Release, version: str) -> None:
    source = published(release, version)
    assert b"FileLock(" not in source
    assert isinstance(diagnose(PATCH, version, source), Absent)


def test_the_diff_has_the_name_and_no_more(before: bytes, after: bytes) -> None:
    _, _, _, *lines = unified(FILE, before, after).decode().splitlines()
    assert [line for line in lines if line[0] in "+-"] == [
        '-        with FileLock("/tmp/verl_vllm_zmq.lock"):',
        '+        with FileLock(f"/tmp/verl_vllm_zmq_{os.getuid()}.lock"):',
    ]


class Tmp:
    """A folder that stands for /tmp; it is kept open, as other users may not come to where pytest made it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        folder.chmod(0o1777)
        self.folder = os.open(folder, os.O_PATH)
        self.asked: list[str] = []

    def lock(self, path: str) -> AbstractContextManager[None]:
        self.asked.append(path)
        return self._locked(str(Path(path).relative_to("/tmp")))

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Lock as the filelock package does, but without waiting."""
        file = os.open(name, os.O_RDWR | os.O_CREAT, 0o644, dir_fd=self.folder)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(file)


@dataclass(frozen=True)
class Host:
    """A machine with verl, on which workers open their sockets."""

    file: Path
    tmp: Tmp

    def worker(self, user: int, meanwhile: Callable[[], object] = bool) -> Callable[[], str]:
        """Return the real function as a worker of a user calls it; `meanwhile` runs when it has the lock."""
        socket = SimpleNamespace(bind=lambda _address: meanwhile())
        stand_ins = {
            "os": SimpleNamespace(environ={"RAY_LOCAL_WORLD_SIZE": "8"}, getpid=os.getpid, getuid=lambda: user),
            "FileLock": self.tmp.lock,
            "zmq": SimpleNamespace(REP=0, Context=lambda: SimpleNamespace(socket=lambda _kind: socket)),
            "threading": SimpleNamespace(Thread=lambda target: SimpleNamespace(start=lambda: target)),
        }
        rollout = object.__new__(take(self.file, "vLLMAsyncRollout", stand_ins))
        rollout.config = SimpleNamespace(tensor_model_parallel_size=1)
        init: Callable[[], str] = rollout._init_zeromq
        return init


MakeHost = Callable[[bytes], Host]


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[MakeHost]:
    tmp = Tmp(tmp_path / "tmp")

    def make(source: bytes) -> Host:
        file = tmp_path / "vllm_rollout_spmd.py"
        file.write_bytes(source)
        return Host(file, tmp)

    yield make
    os.close(tmp.folder)


@contextmanager
def acting_as(user: int) -> Iterator[None]:
    """Be another user as far as files are concerned; root can come back."""
    os.setresuid(user, user, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def test_all_ask_for_one_file_before(make_host: MakeHost, before: bytes) -> None:
    host = make_host(before)
    for user in (ALICE, BOB):
        host.worker(user)()
    assert host.tmp.asked == ["/tmp/verl_vllm_zmq.lock"] * 2


def test_each_user_asks_for_one_file_after(make_host: MakeHost, after: bytes) -> None:
    host = make_host(after)
    addresses = {host.worker(user)() for user in (ALICE, BOB, ALICE)}
    assert addresses == {f"ipc:///tmp/verl_vllm_zmq_{os.getpid()}.ipc"}
    assert host.tmp.asked == [f"/tmp/verl_vllm_zmq_{user}.lock" for user in (ALICE, BOB, ALICE)]


def test_workers_wait_only_for_those_of_their_user(make_host: MakeHost, after: bytes) -> None:
    host = make_host(after)
    host.worker(ALICE, meanwhile=host.worker(BOB))()
    with pytest.raises(BlockingIOError):
        host.worker(ALICE, meanwhile=host.worker(ALICE))()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two users")
def test_the_second_user_is_locked_out_before_and_not_after(make_host: MakeHost, before: bytes, after: bytes) -> None:
    host = make_host(before)
    first, second = host.worker(ALICE), host.worker(BOB)
    with acting_as(ALICE):
        first()
    with acting_as(BOB), pytest.raises(PermissionError, match=r"verl_vllm_zmq\.lock"):
        second()
    host = make_host(after)
    for user, worker in [(user, host.worker(user)) for user in (ALICE, BOB, ALICE)]:
        with acting_as(user):
            worker()
    names = (f"verl_vllm_zmq_{user}.lock" for user in (ALICE, BOB))
    assert [os.stat(name, dir_fd=host.tmp.folder).st_uid for name in names] == [ALICE, BOB]
