"""What is said of a folder that may not be written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from verl_doctor.cli.patch_refused import explained
from verl_doctor.errors import WriteFailedError

WORDS = "x cannot be written: Permission denied; nothing was changed."


def failed(path: Path, number: int = errno.EACCES, words: str = WORDS) -> WriteFailedError:
    error = WriteFailedError(words)
    error.__cause__ = OSError(number, os.strerror(number), str(path))
    return error


@pytest.fixture
def _barred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # whoever runs the tests


@pytest.mark.usefixtures("_barred")
def test_a_folder_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = tmp_path.owner()
    monkeypatch.setattr(os, "geteuid", lambda: 4_242_424)
    said = str(explained(failed(tmp_path / "verl-doctor.journal-new")))
    assert said == (
        f"user 4242424 may not write in {tmp_path}, which belongs to {owner}; nothing was changed. "
        f"Run this as {owner}, or as somebody who may write there."
    )


@pytest.mark.usefixtures("_barred")
def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    error = explained(failed(tmp_path / "x"))
    tmp_path.chmod(0o755)
    assert f"may not write in {tmp_path}, although it is theirs: its mode is dr-xr-xr-x; nothing was" in str(error)
    assert [step.command for step in error.steps] == [f"chmod u+w {tmp_path}"]


def test_what_is_not_about_the_folder_stays(tmp_path: Path) -> None:
    error = failed(tmp_path / "x")
    assert explained(error) is error


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(failed(Path("/x/y"), errno.ENOSPC), id="a-full-disk"),
        pytest.param(failed(Path("/x/y"), words="Not everything could be put back."), id="not-put-back"),
        pytest.param(WriteFailedError(WORDS), id="no-cause"),
    ],
)
def test_anything_else_stays(error: WriteFailedError) -> None:
    assert explained(error) is error
