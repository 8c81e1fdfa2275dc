"""Following a log that is being written."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.diagnose.telling import FORKING, traceback
from verl_doctor.diagnose.blocks import Sign
from verl_doctor.diagnose.follow import follow
from verl_doctor.diagnose.read import read, scan_for
from verl_doctor.diagnose.run import check_followed, read_until_failed
from verl_doctor.diagnose.signatures import of_everything
from verl_doctor.diagnose.story import Story
from verl_doctor.errors import UsageError
from verl_doctor.matrix.load import load


def parts(path: Path, changes: list[str]) -> Iterator[bytes]:
    """What is seen of a file that is changed whenever the follower waits."""
    waiting = iter(changes)

    def sleep(_seconds: float) -> None:
        change = next(waiting)
        if change.startswith(">"):
            path.write_text(change[1:])
        elif change.startswith("mv "):
            path.rename(path.with_suffix(".old"))
            path.write_text(change[3:])
        elif change == "rm":
            path.unlink()
        else:
            with path.open("a") as file:
                file.write(change)

    try:
        yield from (chunk for chunk in follow(path, 60.0, sleep) if isinstance(chunk, bytes))
    except RuntimeError:  # the changes are over
        return


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(["b", "c"], b"abc", id="added to"),
        pytest.param([">x"], b"a", id="overwritten with as much"),
        pytest.param(["bcd", ">x"], b"abcdx", id="emptied and written"),
        pytest.param(["mv new"], b"anew", id="replaced"),
        pytest.param(["rm"], b"a", id="removed"),
    ],
)
def test_follow(tmp_path: Path, changes: list[str], expected: bytes) -> None:
    path = tmp_path / "x.log"
    path.write_text("a")
    assert b"".join(parts(path, [*changes, ""])) == expected


def test_it_ends_when_the_job_has_failed_and_nothing_more_comes(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("fine\n")
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 30:  # a silent job is no failed one
            path.write_text("fine\n" + traceback(FORKING))

    story = Story(signatures=of_everything())
    read_until_failed(str(path), story, load(), 10.0, sleep)
    assert "tensordict-forkingpickler" in story.chapters[str(path)].known
    assert sum(waits[30:]) == 10.0


def test_a_pause_in_the_middle_of_a_traceback_tears_it_not(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    head, _, tail = traceback(FORKING).rpartition("ImportError")
    path.write_text(head)
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 5:
            with path.open("a") as file:
                file.write("ImportError" + tail.rstrip())  # and no newline

    story = Story(signatures=of_everything())
    read_until_failed(str(path), story, load(), 10.0, sleep)
    assert "tensordict-forkingpickler" in story.chapters[str(path)].known


def test_lines_of_another_file_of_the_same_name_are_counted_anew() -> None:
    chunks: list[bytes | Sign] = [b"one\ntwo\nhal", Sign.ANEW, traceback(FORKING).encode()]
    story = Story(signatures=of_everything())
    for _ in read("x", chunks, story, scan_for(story.signatures)):
        pass
    assert story.chapters["x"].known["tensordict-forkingpickler"][1].line == 4


def test_what_cannot_be_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"x"))
    for names in (["-"], ["a", "b"], [str(tmp_path / "fifo")], [str(tmp_path)], [str(tmp_path / "x.gz")]):
        with pytest.raises(UsageError, match="takes one log"):
            check_followed(names)
