"""One error, and a second while the first is dealt with: all files are old, or new, or the next run sees to it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

import pytest

from tests.patching.sandbox import FILES, FIXED, Sandbox, compile_all
from verl_doctor.errors import WriteFailedError
from verl_doctor.patching.writing import transaction
from verl_doctor.patching.writing.change import Change
from verl_doctor.patching.writing.disk import Disk


class Killed(BaseException):
    """The process would be gone here: nothing catches this."""


def _broken() -> OSError:
    return OSError(errno.EIO, os.strerror(errno.EIO), "somewhere")


Fault = Callable[[], BaseException]


class FaultyDisk(Disk):
    """A disk with a fault at some steps."""

    def __init__(self, faults: Mapping[int, Fault]) -> None:
        self.faults = faults
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps in self.faults:
            fault = self.faults[self.steps]
            raise fault()


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # thousands of runs, and nobody pulls the plug


def _ends_early(run: Callable[..., object], disk: Disk) -> bool:
    try:
        run(disk=disk)
    except (WriteFailedError, KeyboardInterrupt, Killed):
        return True
    return False


FAULTS = pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(_broken, _broken, id="two errors"),
        pytest.param(_broken, Killed, id="an error and killed"),
        pytest.param(KeyboardInterrupt, KeyboardInterrupt, id="Ctrl-C twice"),
        pytest.param(KeyboardInterrupt, _broken, id="Ctrl-C and an error"),
        pytest.param(Killed, Killed, id="killed twice"),
    ],
)


class Files:
    """Files to change, one to make and one to remove, and their journal."""

    def __init__(self, folder: Path) -> None:
        home = folder / "site"
        owner = home / "vllm.dist-info"
        self.paths = (home / "a.py", home / "b.py", owner / "verl-doctor/new", home / "old")
        self.old = (b"a", b"b", None, b"old")
        self.new = (b"A", b"B", b"new", None)
        self.journal = owner / "verl-doctor.journal"
        owner.mkdir(parents=True, exist_ok=True)
        (owner / "METADATA").write_bytes(b"Name: vllm")
        for path, content in zip(self.paths, self.old, strict=True):
            if content is not None:
                path.write_bytes(content)

    def contents(self) -> tuple[bytes | None, ...]:
        return tuple(path.read_bytes() if path.is_file() else None for path in self.paths)

    def write(self, disk: Disk) -> None:
        changes = [Change(*change, self.journal.parent) for change in zip(self.paths, self.old, self.new, strict=True)]
        transaction.carry_out(changes, self.journal, disk)

    def recover(self, disk: Disk) -> None:
        transaction.recover(self.journal, disk, lambda _: True)

    @property
    def is_whole(self) -> bool:
        """Whether all is old, or all is new, or a journal tells the next run what to do."""
        return self.contents() in (self.old, self.new) or self.journal.exists()


def _assert_recovered(files: Files) -> None:
    assert files.is_whole
    files.recover(Disk())
    assert files.contents() in (files.old, files.new)
    assert list(files.journal.parent.parent.rglob(".*")) == []
    assert not files.journal.exists()


@FAULTS
def test_two_faults_at_all_steps_of_a_write(tmp_path: Path, first: Fault, second: Fault) -> None:
    whole = FaultyDisk({})
    Files(tmp_path / "whole").write(whole)
    for step in range(1, whole.steps + 1):
        for later in count(step + 1):
            files = Files(tmp_path / f"{step}-{later}")
            disk = FaultyDisk({step: first, later: second})
            assert _ends_early(files.write, disk)
            _assert_recovered(files)
            if disk.steps < later:
                break


@FAULTS
def test_two_faults_at_all_steps_of_a_recovery(tmp_path: Path, first: Fault, second: Fault) -> None:
    whole = FaultyDisk({})
    Files(tmp_path / "whole").write(whole)
    for killed in range(1, whole.steps + 1):
        for step in count(1):
            files = Files(tmp_path / f"{killed}-{step}")
            assert _ends_early(files.write, FaultyDisk({killed: Killed}))
            disk = FaultyDisk({step: first, step + 1 + killed % 5: second})
            _ends_early(files.recover, disk)
            _assert_recovered(files)
            if disk.steps < step:
                break


@pytest.mark.parametrize("verb", ["apply", "revert"])
def test_an_interruption_at_every_step(sandbox: Sandbox, verb: str) -> None:
    released = sandbox.snapshot()
    for step in count(1):
        if verb == "revert":
            sandbox.apply()
        if not _ends_early(getattr(sandbox, verb), FaultyDisk({step: KeyboardInterrupt})):
            break
        _assert_the_next_run_finishes(sandbox, ("apply", "revert")[step % 2])
        sandbox.revert()
        assert sandbox.snapshot() == released
    assert step > 50


def _assert_the_next_run_finishes(sandbox: Sandbox, verb: str) -> None:
    files = {file: sandbox.read(file) for file in FILES}
    assert files in (FILES, FIXED) or (sandbox.metadata / "verl-doctor.journal").exists()
    getattr(sandbox, verb)()
    assert {file: sandbox.read(file) for file in FILES} == (FIXED if verb == "apply" else FILES)
    assert sandbox.disagreements_with_record() == []
    assert [path for path in sandbox.site.rglob(".*verl-doctor*") if not path.is_symlink()] == []


@pytest.mark.parametrize("verb", ["apply", "revert"])
def test_from_a_step_on_nothing_works(sandbox: Sandbox, verb: str) -> None:
    released = sandbox.snapshot()
    for step in count(1):
        if verb == "revert":
            sandbox.apply()
        if not _ends_early(getattr(sandbox, verb), FaultyDisk(dict.fromkeys(range(step, 999), _broken))):
            break
        _assert_the_next_run_finishes(sandbox, ("apply", "revert")[step % 2])
        sandbox.revert()
        assert sandbox.snapshot() == released
    assert step > 50


def test_the_first_error_changes_nothing_and_that_is_said(sandbox: Sandbox) -> None:
    with pytest.raises(WriteFailedError, match=r"nothing was changed\. The next run tidies up \(somewhere"):
        sandbox.apply(disk=FaultyDisk(dict.fromkeys(range(4, 999), _broken)))


class Keeping(Disk):
    """A disk on which the bytecode of one module belongs to somebody else."""

    def __init__(self, module: str) -> None:
        self.module = module

    def remove(self, path: Path) -> None:
        if path.suffix == ".pyc" and path.exists() and path.name.startswith(f"{self.module}."):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        super().remove(path)


@pytest.mark.parametrize("verb", ["apply", "revert"])
@pytest.mark.parametrize("module", [Path(file).stem for file in FILES])
def test_bytecode_that_cannot_go_stops_all(sandbox: Sandbox, verb: str, module: str) -> None:
    if verb == "revert":
        sandbox.apply()
    before = sandbox.snapshot()
    compile_all(sandbox)
    with pytest.raises(
        WriteFailedError, match=rf"__pycache__/{module}\.\S*\.pyc cannot be written: .* denied; nothing was changed\."
    ):
        getattr(sandbox, verb)(disk=Keeping(module))
    assert sandbox.snapshot() == before


def test_a_file_that_cannot_be_put_back_keeps_no_other_from_it(tmp_path: Path) -> None:
    step, files = 1, Files(tmp_path / "1")
    while files.contents() != files.new:
        step, files = step + 1, Files(tmp_path / f"{step + 1}")
        assert _ends_early(files.write, FaultyDisk({step: Killed}))
    with pytest.raises(WriteFailedError, match="interrupted cannot be undone: somewhere"):
        files.recover(FaultyDisk({2: _broken}))
    assert files.contents() == (*files.old[:3], None)
    _assert_recovered(files)
    assert files.contents() == files.old
