"""A run that is killed at any step is brought to an end by the next one."""

from __future__ import annotations

import json
import os
import py_compile
from collections.abc import Callable
from importlib.util import cache_from_source
from pathlib import Path

import pytest

from tests.patching.sandbox import FILES, FIXED, LOCAL_RANK, WORLD_SIZE, Sandbox, Snapshot, compile_all
from verl_doctor.errors import DataError, TargetError, WriteFailedError
from verl_doctor.patching.writing import content, transaction
from verl_doctor.patching.writing.change import Change, sha256
from verl_doctor.patching.writing.disk import Disk


class Killed(BaseException):
    """The process would be gone here: nothing catches this."""


class DyingDisk(Disk):
    """A disk whose user is killed at a step."""

    def __init__(self, step: int) -> None:
        self.left = step

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # hundreds of runs, and nobody pulls the plug


def _is_killed(run: Callable[..., object], step: int) -> bool:
    """Run until a step, and say whether there was one."""
    try:
        run(disk=DyingDisk(step))
    except Killed:
        return True
    return False


def _files(snapshot: Snapshot) -> Snapshot:
    """Return what does not depend on the time in the receipt."""
    return {name: file for name, file in snapshot.items() if not name.endswith(("/RECORD", "/receipt.json"))}


def test_killed_while_applying(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    sandbox.apply()
    after = sandbox.snapshot()
    sandbox.revert()
    step = 1
    while _is_killed(sandbox.apply, step):
        stale = compile_all(sandbox)
        sandbox.apply()
        assert _files(sandbox.snapshot()) == _files(after)
        assert sandbox.disagreements_with_record() == []
        sandbox.revert()
        assert sandbox.snapshot() == before
        assert not [path for path in stale if path.exists()]
        step += 1
    assert step > 50


def test_killed_while_applying_and_then_reverted(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    step = 1
    while _is_killed(sandbox.apply, step):
        sandbox.revert()
        assert sandbox.snapshot() == before
        step += 1
    assert step > 50


def test_killed_while_reverting(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    sandbox.apply()
    after = sandbox.snapshot()
    step = 1
    while _is_killed(sandbox.revert, step):
        sandbox.revert()
        assert sandbox.snapshot() == before
        sandbox.apply()
        step += 1
    assert step > 50
    sandbox.apply()
    for earlier in range(1, step, 5):
        assert _is_killed(sandbox.revert, earlier)
        sandbox.apply()
        assert _files(sandbox.snapshot()) == _files(after)
        assert sandbox.disagreements_with_record() == []


def test_killed_again_while_recovering(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    first = 1
    while _is_killed(sandbox.apply, first):
        second = 1
        while _is_killed(sandbox.revert, second):
            sandbox.revert()
            assert sandbox.snapshot() == before
            _is_killed(sandbox.apply, first)
            second += 1
        assert sandbox.snapshot() == before
        first += 7


def _kill_half_way(sandbox: Sandbox) -> None:
    """Kill a run when one file is exchanged and another is not."""
    step = 1
    while _is_killed(sandbox.apply, step):
        if sandbox.read(WORLD_SIZE) == FIXED[WORLD_SIZE] and sandbox.read(LOCAL_RANK) == FILES[LOCAL_RANK]:
            return
        sandbox.revert()
        step += 1
    pytest.fail("there is no such step")


def test_what_somebody_changed_after_it_was_exchanged_is_told_and_nothing_is_lost(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    _kill_half_way(sandbox)
    theirs = FIXED[WORLD_SIZE] + b"# theirs\n"
    sandbox.write(WORLD_SIZE, theirs)
    kept = sandbox.site / f"{WORLD_SIZE}.before-verl-doctor"
    with pytest.raises(WriteFailedError, match=rf"what they were before is in {kept}\. All else is as it was"):
        sandbox.revert()
    assert (sandbox.read(WORLD_SIZE), kept.read_bytes()) == (theirs, FILES[WORLD_SIZE])
    kept.rename(sandbox.site / WORLD_SIZE)
    assert sandbox.snapshot() == before
    sandbox.apply()
    assert set(sandbox.states().values()) == {"applied"}


def test_an_environment_that_moved_is_recovered_where_it_is(sandbox: Sandbox, tmp_path: Path) -> None:
    before = sandbox.snapshot()
    _kill_half_way(sandbox)
    sandbox.site.rename(tmp_path / "moved")
    moved = Sandbox(tmp_path / "moved")
    moved.revert()
    assert moved.snapshot() == before


def test_nothing_to_recover(sandbox: Sandbox) -> None:
    assert not transaction.recover(sandbox.metadata / "verl-doctor.journal", Disk(), lambda _: True)


@pytest.mark.parametrize("content", [b"{", b"{}", b'{"files": [{}], "status": "begun"}', b"[]"])
def test_a_journal_of_somebody_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(DataError, match="is not the journal that verl-doctor writes"):
        transaction.recover(path, Disk(), lambda _: True)


def test_a_file_may_go_and_another_come(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"1")
    transaction.carry_out([Change(old, b"1", None, home), Change(new, None, b"2", home)], home / "journal", Disk())
    assert not old.exists()
    assert new.read_bytes() == b"2"
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("copy", [None, b"damaged"], ids=["gone", "damaged"])
def test_a_lost_copy_is_told_and_the_journal_stays(sandbox: Sandbox, copy: bytes | None) -> None:
    _kill_half_way(sandbox)
    note = sandbox.metadata / "verl-doctor.journal"
    (saved,) = sandbox.site.rglob(f".{Path(WORLD_SIZE).name}.verl-doctor-old")
    if copy is None:
        saved.unlink()
    else:
        saved.write_bytes(copy)
    for _ in range(2):
        with pytest.raises(WriteFailedError, match=f"{WORLD_SIZE} cannot be put back: .* is gone or damaged"):
            transaction.recover(note, Disk(), lambda _: True)
        assert note.is_file()
        assert sandbox.read(WORLD_SIZE) == FIXED[WORLD_SIZE]
    sandbox.write(WORLD_SIZE, FILES[WORLD_SIZE])  # as reinstalling does
    assert transaction.recover(note, Disk(), lambda _: True)
    assert not note.exists()


def test_no_bytecode_survives_a_second_interruption(sandbox: Sandbox) -> None:
    """The patched code is compiled between two runs that are killed, never to be compared with its source."""
    before = sandbox.snapshot()
    step = 1
    while True:
        _kill_half_way(sandbox)
        source = str(sandbox.site / WORLD_SIZE)
        py_compile.compile(source, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        compiled = Path(cache_from_source(source))
        is_killed = _is_killed(sandbox.revert, step)
        sandbox.revert()
        assert sandbox.snapshot() == before
        assert not compiled.exists()
        if not is_killed:
            break
        step += 1
    assert step > 10


@pytest.mark.parametrize("verb", ["apply", "revert"])
@pytest.mark.parametrize("status", ["begun", "exchanging", "done"])
@pytest.mark.parametrize("path", ["../precious.py", "vllm/../../precious.py", "link/precious.py"])
def test_a_journal_that_names_files_of_somebody_else(
    sandbox: Sandbox, tmp_path: Path, verb: str, status: str, path: str
) -> None:
    precious = tmp_path / "precious.py"
    precious.write_bytes(b"new")
    (tmp_path / ".precious.py.verl-doctor-old").write_bytes(b"old")
    (sandbox.site / "link").symlink_to(tmp_path)
    note = sandbox.metadata / "verl-doctor.journal"
    files = [{"path": path, "old": sha256(b"old"), "new": sha256(b"new"), "owner": sandbox.metadata.name}]
    note.write_text(json.dumps({"status": status, "files": files}))
    with pytest.raises(DataError, match=r"journal names .*precious\.py, which is not part of what is installed"):
        getattr(sandbox, verb)()
    assert precious.read_bytes() == b"new"
    assert (tmp_path / ".precious.py.verl-doctor-old").exists()
    assert note.exists()


@pytest.mark.parametrize("verb", ["apply", "revert"])
def test_a_folder_in_the_way_is_named(sandbox: Sandbox, verb: str) -> None:
    if verb == "revert":
        sandbox.apply()
    path = sandbox.site / LOCAL_RANK
    folder = path.with_name(f".{path.name}.verl-doctor-new")
    folder.mkdir()
    (folder / "theirs").touch()
    before = sandbox.snapshot()
    for _ in range(2):
        with pytest.raises(WriteFailedError, match=rf"{folder} is in the way.*not of verl-doctor's making"):
            getattr(sandbox, verb)()
    assert {name: sandbox.snapshot()[name] for name in before} == before


def test_a_file_too_large_to_read_whole_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "READ_LIMIT", 2**20)
    large = FILES[LOCAL_RANK] + b"#" * 2**20
    sandbox.write(LOCAL_RANK, large)
    with pytest.raises(TargetError, match=r"uniproc_executor\.py has more than 1 MiB"):
        sandbox.apply()
    assert sandbox.read(LOCAL_RANK) == large
