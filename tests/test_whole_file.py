"""A file is written whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from verl_doctor import whole_file
from verl_doctor.errors import WriteFailedError


def test_new_and_again(tmp_path: Path) -> None:
    path = tmp_path / "constraints.txt"
    before = os.umask(0o027)
    try:
        whole_file.write(path, "one\n")
    finally:
        os.umask(before)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("one\n", 0o640)
    path.chmod(0o604)
    whole_file.write(path, "two\n")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two\n", 0o604)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    whole_file.write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    opened = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    whole_file.write(tmp_path / "pipe", "through")
    assert os.read(opened, 10) == b"through"
    assert os.read(opened, 10) == b""
    os.close(opened)


def test_a_pipe_that_nobody_reads_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(WriteFailedError, match="nobody reads this pipe"):
        whole_file.write(tmp_path / "pipe", "through")


def test_the_longest_name(tmp_path: Path) -> None:
    whole_file.write(tmp_path / ("n" * 255), "text")
    assert [each.read_text() for each in tmp_path.iterdir()] == ["text"]


def busy(*_: object, **__: object) -> None:
    raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


@pytest.mark.parametrize("refused", ["pathlib.Path.replace", "tempfile.mkstemp"], ids=["a mount", "its folder"])
def test_what_cannot_be_replaced_is_written_into(refused: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report"
    path.write_text("old and long")
    before = path.stat().st_ino
    monkeypatch.setattr(refused, busy)
    whole_file.write(path, "new")
    assert (path.read_text(), path.stat().st_ino) == ("new", before)
    assert list(tmp_path.iterdir()) == [path]


def test_a_mount_holds_what_it_held_if_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report"
    path.write_text("old")
    put = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        put(self, data[:1])
        if data == b"new":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return put(self, data)

    monkeypatch.setattr(Path, "replace", busy)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WriteFailedError, match="No space left on device"):
        whole_file.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_if_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "constraints.txt"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteFailedError, match="No space left on device"):
        whole_file.write(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("where", ["no/such/folder/file", "."])
def test_no_place_for_a_file(where: str, tmp_path: Path) -> None:
    with pytest.raises(WriteFailedError, match="cannot be written"):
        whole_file.write(tmp_path / where, "text")


@pytest.mark.parametrize("stream", ["/dev/stdout", "/proc/self/fd/1", "/dev/fd/1", "/dev/stderr", "link"])
def test_a_log_that_is_standard_output_is_written_on(stream: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    log = tmp_path / "job.log"
    log.write_text("began\n")
    before = log.stat().st_ino
    body = (
        "import sys; from pathlib import Path; from verl_doctor import whole_file\n"
        f"print('one', flush=True); whole_file.write(Path({stream!r}), 'two\\n'); print('three', flush=True)"
    )
    with log.open("a") as opened:
        subprocess.run([sys.executable, "-c", body], stdout=opened, stderr=opened, check=True, cwd=tmp_path)
    assert log.read_text() == "began\none\ntwo\nthree\n"
    assert log.stat().st_ino == before
    with log.open("w") as opened:
        subprocess.run([sys.executable, "-c", body], stdout=opened, stderr=opened, check=True, cwd=tmp_path)
    assert [log.read_text()[:4], log.stat().st_ino] == ["one\n", before]


def test_the_open_file_of_another_process_is_written_on(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    with log.open("w") as opened, subprocess.Popen(["sleep", "60"], stdout=opened) as other:
        opened.write("began\n")
        opened.flush()
        whole_file.write(Path(f"/proc/{other.pid}/fd/1"), "more\n")
        other.kill()
    assert log.read_text() == "began\nmore\n"


def test_links_without_end_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(WriteFailedError, match="cannot be written"):
        whole_file.write(tmp_path / "loop", "text")
