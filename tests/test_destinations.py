"""What a run will write is free of what earlier ones wrote, and nothing else is touched."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from verl_doctor.destinations import Cleared, clear
from verl_doctor.errors import UsageError
from verl_doctor.streams import STREAM

NO_FOLDER = Path("/no/folder/report")
UNWRITABLE = Path("/proc/report")
"""In a folder in which nobody can make a file, root included."""


def test_what_earlier_runs_wrote_is_gone_and_its_mode_is_known(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("healthy")
    old.chmod(0o604)
    assert clear([old, new, STREAM]) == Cleared(modes={old: 0o604}, refusals={})
    assert list(tmp_path.iterdir()) == []


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("healthy")
    (tmp_path / "link").symlink_to("real")
    clear([tmp_path / "link"])
    assert [each.name for each in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("place", [NO_FOLDER, UNWRITABLE, Path("/")])
def test_one_that_cannot_be_written_costs_the_others_what_they_held(place: Path, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("healthy")
    with pytest.raises(UsageError, match=f"{place} cannot be written"):
        clear([place, tmp_path / "old"]).require_all()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["loop", "loop/report"])
def test_links_without_end(name: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="cannot be written"):
        clear([tmp_path / name]).require_all()
    assert (tmp_path / "loop").is_symlink()


def test_pipes_and_devices_stay(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    cleared = clear([tmp_path / "pipe", Path("/dev/null"), Path("/dev/stderr")])
    assert cleared == Cleared(modes={}, refusals={})
    assert (tmp_path / "pipe").is_fifo()
    with pytest.raises(BlockingIOError):  # not the end: who reads is to wait for the report
        os.read(reader, 1)
    os.close(reader)


def _bind(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(place))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(os.mkfifo, "nobody reads this pipe", id="pipe"),
        pytest.param(_bind, "it is a socket", id="socket"),
        pytest.param(Path.mkdir, "it is a folder", id="folder"),
    ],
)
def test_what_takes_no_report_is_told_at_once(make: Callable[[Path], object], why: str, tmp_path: Path) -> None:
    place = Path(os.path.relpath(tmp_path)) / "place"  # short, as the address of a socket has to be
    make(place)
    assert clear([place]).refusals == {place: f"{place} cannot be written: {why}."}


@pytest.mark.parametrize("code", [errno.EBUSY, errno.EACCES, errno.EROFS])
def test_what_cannot_be_replaced_is_emptied(code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old").write_text("healthy")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    cleared = clear([tmp_path / "old", tmp_path / "new"])
    assert (tmp_path / "old").read_text() == ""
    assert list(cleared.refusals) == [tmp_path / "new"]


def test_the_longest_name(tmp_path: Path) -> None:
    assert clear([tmp_path / ("n" * 255)]).refusals == {}


@pytest.mark.parametrize("kind", ["same", "other-spelling", "link", "hard-link", "link-to-none"])
def test_two_that_are_one_file(kind: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    if kind != "link-to-none":
        first.write_text("kept")
    match kind:
        case "same":
            second = first
        case "other-spelling":
            second = tmp_path / ".." / tmp_path.name / "first"
        case "hard-link":
            second.hardlink_to(first)
        case _:
            second.symlink_to("first")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match="Two reports cannot go to the same file"):
        clear([first, second])
    assert sorted(tmp_path.iterdir()) == before


def test_two_on_standard_output() -> None:
    with pytest.raises(UsageError, match="Two reports cannot go to standard output"):
        clear([STREAM, STREAM])


@pytest.mark.parametrize("kind", ["same", "link", "hard-link"])
def test_what_is_read_is_not_written(kind: str, tmp_path: Path) -> None:
    read, written = tmp_path / "facts", tmp_path / "report"
    read.write_text("kept")
    if kind == "same":
        written = read
    elif kind == "link":
        written.symlink_to(read)
    else:
        written.hardlink_to(read)
    with pytest.raises(UsageError, match="is read by this command"):
        clear([written], [read])
    assert read.read_text() == "kept"


@pytest.mark.parametrize(
    ("code", "refused"),
    [
        pytest.param("clear([STREAM, Path('report')])", True, id="a file that standard output is"),
        pytest.param("clear([STREAM, Path('/dev/stdout')])", True, id="standard output by its path"),
        pytest.param("clear([Path('report')], [STREAM])", True, id="a file that standard input is"),
        pytest.param("clear([Path('other'), Path('another')], [STREAM])", False, id="neither"),
    ],
)
def test_streams_that_are_files(code: str, refused: bool, tmp_path: Path) -> None:
    report = tmp_path / "report"
    report.write_text("kept")
    head = "from pathlib import Path; from verl_doctor.destinations import clear, STREAM; "
    with report.open("rb") as read, report.open("ab") as written:
        finished = subprocess.run(
            [sys.executable, "-c", head + code],
            cwd=tmp_path,
            check=False,
            stdin=read,
            stdout=written,
            stderr=subprocess.PIPE,
        )
    assert (b"UsageError" in finished.stderr) == refused
    assert (finished.returncode != 0) == refused, finished.stderr
    assert report.read_text() == "kept"
