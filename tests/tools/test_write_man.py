"""The man pages say what `--help` says, and are pages that `man` and `mandoc` take."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tools import write_man

PAGES = write_man.pages()
KNOWN_LACK = "missing date"
"""A page that changes with its text only has no date."""
pages = pytest.mark.parametrize("name", PAGES)


def has(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed here")


def test_pages_are_up_to_date() -> None:
    written = {path.name: path.read_text("utf-8") for path in write_man.FOLDER.iterdir()}
    assert written == PAGES, "run `python tools/write_man.py`"


def test_every_option_is_explained() -> None:
    assert r"\fB\-\-fail\-on\fR" in PAGES["verl-doctor-check.1"]
    assert ".BR verl-doctor-smoke\\-test (1)" in PAGES["verl-doctor.1"]


def test_nothing_in_a_text_is_a_request() -> None:
    assert write_man._escaped(".so /etc/passwd") == r"\&.so /etc/passwd"
    assert write_man._escaped("a\\b -c `d`") == r"a\eb \-c \(gad\(ga"


@has("mandoc")
@pages
def test_mandoc_finds_nothing(name: str, tmp_path: Path) -> None:
    tmp_path.joinpath(name).write_text(PAGES[name])
    finished = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", tmp_path / name], check=False, capture_output=True, text=True
    )
    told = [line for line in (finished.stdout + finished.stderr).splitlines() if KNOWN_LACK not in line]
    assert told == []


@has("man")
@pages
def test_man_shows_it(name: str, tmp_path: Path) -> None:
    tmp_path.joinpath(name).write_text(PAGES[name])
    finished = subprocess.run(
        ["man", "--warnings", "-E", "utf8", "-l", tmp_path / name], check=True, capture_output=True, text=True
    )
    assert finished.stderr == ""
    assert "SYNOPSIS" in finished.stdout
