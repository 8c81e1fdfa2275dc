"""Environments that cannot be written: one sentence, exit code 3, and all is as it was."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environments.conftest import UV_ONLY
from tests.environments.environment import APPLY, DIFF, REVERT, STATUS, Environment, contents
from tests.environments.wheel import EMPTY_CACHE, FILES, LOCAL_RANK

pytestmark = [pytest.mark.real, UV_ONLY]

# Root writes where it likes, until it gives that up for itself and for what it starts.
DROP = """\
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
BOUND = ("-c", DROP)

REFUSED = re.compile("may not write in .*, although it is theirs: .*; nothing was changed.")


@pytest.fixture(autouse=True)
def _unlocked(tmp_path: Path) -> Iterator[None]:
    """Let whoever cleans up do so."""
    yield
    for path in tmp_path.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)


def _lock(*paths: Path) -> None:
    """Take the right to write away, and see that it is gone."""
    for path in paths:
        path.chmod(path.stat().st_mode & ~0o222)
    program = "import os, sys; sys.exit(any(os.access(path, os.W_OK) for path in sys.argv[1:]))"
    if subprocess.run([sys.executable, *BOUND, "-c", program, *paths], check=False).returncode:
        pytest.skip("this user writes where the mode forbids it")


def _locked(environment: Environment, what: str) -> None:
    site = environment.site
    folders = [path for path in [site, *site.rglob("*")] if path.is_dir()]
    _lock(*(folders if what == "everything" else [(site / EMPTY_CACHE).parent]))


@pytest.mark.parametrize("what", ["everything", "the last file"])
def test_apply(environment: Environment, what: str) -> None:
    _locked(environment, what)
    before = contents(environment.photograph())
    assert REFUSED.search(environment.refusal(*APPLY, code=3, flags=BOUND))
    assert contents(environment.photograph()) == before


@pytest.mark.parametrize("what", ["everything", "the last file"])
def test_revert(patched: Environment, what: str) -> None:
    _locked(patched, what)
    before = contents(patched.photograph())
    assert REFUSED.search(patched.refusal(*REVERT, code=3, flags=BOUND))
    assert contents(patched.photograph()) == before


@pytest.mark.parametrize("verb", [APPLY, REVERT], ids=["apply", "revert"])
def test_bytecode_that_somebody_else_wrote(
    environment: Environment, patched: Environment, verb: tuple[str, ...]
) -> None:
    subject = environment if verb == APPLY else patched
    subprocess.run([subject.python, "-m", "compileall", "-q", subject.site / "vllm"], check=True)
    _lock((subject.site / EMPTY_CACHE).parent / "__pycache__")
    before = contents(subject.photograph())
    for _ in range(2):
        sentence = subject.refusal(*verb, code=3, flags=BOUND)
        assert "/__pycache__," in sentence
        assert REFUSED.search(sentence)
        assert contents(subject.photograph()) == before


def test_looking_takes_no_right_to_write(environment: Environment) -> None:
    _locked(environment, "everything")
    assert environment.patch(*DIFF, flags=BOUND).stdout
    environment.patch(*STATUS, flags=BOUND)
    environment.patch(*REVERT, flags=BOUND)  # nothing to do


def test_where_all_is_applied_nothing_is_to_write(patched: Environment) -> None:
    _locked(patched, "everything")
    before = patched.photograph()
    patched.patch(*APPLY, flags=BOUND)
    assert patched.photograph() == before


def test_read_only_files_in_folders_that_are_not(environment: Environment) -> None:
    _lock(*(environment.site / file for file in FILES))
    before = contents(environment.photograph())
    environment.patch(*APPLY, flags=BOUND)
    assert environment.words() == ["applied"] * 3
    environment.patch(*REVERT, flags=BOUND)
    assert contents(environment.photograph()) == before


def test_a_file_that_cannot_be_read(environment: Environment) -> None:
    _lock(environment.metadata)  # skips where modes do not bind
    path = environment.site / LOCAL_RANK
    before, mode = environment.photograph(), path.stat().st_mode
    path.chmod(0)
    assert f"{path} cannot be read: Permission denied" in environment.refusal(*APPLY, code=3, flags=BOUND)
    path.chmod(mode)
    assert environment.photograph() == before


def test_a_read_only_file_system(environment: Environment) -> None:
    site = environment.site
    mount = f"mount --bind '{site}' '{site}' && mount -o remount,bind,ro '{site}'"
    isolated = ("unshare", "--mount", "--propagation", "private", "sh", "-c")
    if subprocess.run([*isolated, mount], check=False, capture_output=True).returncode:
        pytest.skip("mounting takes more rights than this user has")
    before = environment.photograph()
    start = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"
    flags = ("-c", start, *isolated, f'{mount} && exec "$@"', "sh", sys.executable)
    sentence = environment.refusal(*APPLY, code=3, flags=flags)
    assert "cannot be written: it is on a read-only file system; nothing was changed." in sentence
    assert environment.photograph() == before
