"""Opening logs."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
from pathlib import Path

import pytest
from backports import zstd

from verl_doctor.diagnose import logs
from verl_doctor.errors import DoctorError, UsageError

TEXT = b"one line\n" * 300_000


def text_of(path: Path) -> bytes:
    return b"".join(logs.chunks(str(path)))


@pytest.mark.parametrize(
    "compress",
    [
        pytest.param(bytes, id="plain"),
        pytest.param(gzip.compress, id="gzip"),
        pytest.param(bz2.compress, id="bzip2"),
        pytest.param(lzma.compress, id="xz"),
        pytest.param(zstd.compress, id="zstd"),
    ],
)
def test_what_it_is_tells_its_beginning_not_its_name(tmp_path: Path, compress: object) -> None:
    assert callable(compress)
    file = tmp_path / "train.log"
    file.write_bytes(compress(TEXT))
    assert text_of(file) == TEXT
    assert logs.is_compressed(str(file)) is (compress is not bytes)


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(gzip.compress(TEXT))
    with (tmp_path / "x").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert b"".join(logs.chunks("-")) == TEXT
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="is closed"):
        list(logs.chunks("-"))


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    assert text_of(tmp_path / "x") == b""


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress, lzma.compress])
def test_of_one_that_is_being_written_what_is_there_is_read(tmp_path: Path, compress: object) -> None:
    assert callable(compress)
    file = tmp_path / "x"
    file.write_bytes(compress(bytes(range(32, 127)) * 10_000)[:-20])
    assert text_of(file).startswith(bytes(range(32, 127)))


def test_damage_is_told(tmp_path: Path) -> None:
    file = tmp_path / "x"
    whole = bytearray(gzip.compress(bytes(range(32, 127)) * 50))
    whole[14:24] = b"\xff" * 10
    file.write_bytes(whole)
    with pytest.raises(UsageError, match="is damaged"):
        text_of(file)


def test_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(range(256)) * 100 + b"\0" * 1000)
    with pytest.raises(UsageError, match="is no text"):
        text_of(tmp_path / "x")


def test_utf_16_is_text(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes("a line\n".encode("utf-16"))
    assert text_of(tmp_path / "x")


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        text_of(tmp_path / "x")


def test_without_what_reads_zstd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_bytes(zstd.compress(TEXT))
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)
    with pytest.raises(DoctorError, match=r"install '\.\[zstd\]'"):
        text_of(tmp_path / "x")


def test_the_logs_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.log", "worker.err", "deep/a.out.gz", "model.safetensors", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert logs.find([str(tmp_path), "-", "x"]) == [
        str(tmp_path / name) for name in ("b.log", "deep/a.out.gz", "worker.err")
    ] + ["-", "x"]


def test_a_folder_without_logs(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no logs"):
        logs.find([str(tmp_path)])
