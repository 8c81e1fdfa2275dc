"""Which bytecode belongs to a source."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patching.sandbox import LOCAL_RANK, Sandbox, make
from verl_doctor.errors import PatchRefusedError, TargetError
from verl_doctor.patching.writing import bytecode

UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH
TIMESTAMP = py_compile.PycInvalidationMode.TIMESTAMP


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return make(tmp_path / "site")


def test_what_is_kept_below_a_prefix_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python itself puts it there."""
    source = tmp_path / "real/package/module.py"
    source.parent.mkdir(parents=True)
    source.write_text("x = 1\n")
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "cache"))
    for folder in ("real", "link"):
        environ = {**os.environ, "PYTHONPATH": str(tmp_path / folder)}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run([sys.executable, "-c", "import package.module"], check=True, env=environ)
    found = bytecode.of(tmp_path / "link/package/module.py")
    assert sorted(found) == sorted((tmp_path / "cache").rglob("module.*.pyc"))
    assert len(found) == 2
    monkeypatch.delenv("PYTHONPYCACHEPREFIX")
    assert bytecode.of(source) == []


def test_old_code_below_a_prefix_does_not_run(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(sandbox.site.parent / "cache"))
    monkeypatch.setattr(sys, "pycache_prefix", str(sandbox.site.parent / "cache"))
    compiled = py_compile.compile(str(sandbox.site / LOCAL_RANK), invalidation_mode=UNCHECKED)
    assert compiled
    sandbox.apply()
    assert not Path(compiled).exists()


def linked(sandbox: Sandbox, mode: py_compile.PycInvalidationMode) -> Path:
    """Bytecode in a folder of somebody else, to which a link leads."""
    theirs = sandbox.site.parent / "theirs"
    theirs.mkdir()
    source = sandbox.site / LOCAL_RANK
    (source.parent / "__pycache__").symlink_to(theirs)
    compiled = py_compile.compile(str(source), str(theirs / f"{source.stem}.cpython-312.pyc"), invalidation_mode=mode)
    assert compiled
    return Path(compiled)


def test_the_bytecode_of_others_behind_a_link_stays(sandbox: Sandbox) -> None:
    compiled = linked(sandbox, TIMESTAMP)
    sandbox.apply()
    sandbox.revert()
    assert compiled.exists()


def test_bytecode_behind_a_link_that_would_run_all_the_same_is_refused(sandbox: Sandbox) -> None:
    compiled = linked(sandbox, UNCHECKED)
    before = sandbox.snapshot()
    with pytest.raises(PatchRefusedError, match=r"behind a link to .*theirs, which others may use"):
        sandbox.apply()
    assert sandbox.snapshot() == before
    assert compiled.exists()


def test_a_folder_that_cannot_be_read_is_told(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = (sandbox.site / LOCAL_RANK).parent / "__pycache__"
    folder.mkdir()

    def denied(self: Path) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", denied)
    with pytest.raises(TargetError, match="__pycache__ cannot be read: Permission denied; nothing was changed"):
        bytecode.of(sandbox.site / LOCAL_RANK)
