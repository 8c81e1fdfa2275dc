"""Opens logs: plain or compressed, from a file, a folder or standard input."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import os
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Final

from verl_doctor.diagnose.blocks import SIZE
from verl_doctor.errors import DoctorError, UsageError

STANDARD_INPUT: Final = "-"
_NAMES: Final = re.compile(r"(?:.+\.(?:log|out|err|txt)(?:\.\d+)?|stdout|stderr)(?:\.(?:gz|zst|xz|bz2))?")
"""What logs are called in a folder."""
_ZSTD: Final = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
_MAGIC: Final = 6
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_CONTROLS: Final = bytes({*range(32), 127} - set(b"\0\a\b\t\n\v\f\r\x1b"))
"""Bytes that no text holds; NUL does where a log was emptied while it was written."""
_MOST_CONTROLS: Final = 0.07
"""Which share of them makes it none: of random or compressed bytes they are a tenth."""


def find(paths: Iterable[str]) -> list[str]:
    """Return the logs that are named, each once: files as they are, of folders the logs in them, by their names.

    Raises UsageError for a folder without logs, or a path that is not there.
    """
    found = (name for path in paths for name in ([path] if path == STANDARD_INPUT else _in(Path(path))))
    return list({name if name == STANDARD_INPUT else os.path.realpath(name): name for name in found}.values())


def chunks(name: str) -> Iterator[bytes]:
    """Yield a log's bytes, decompressed. What is compressed tells its beginning, whatever the name is.

    Raises UsageError where it cannot be opened, is no text, or is not what its beginning promises, and DoctorError
    where it cannot be read on, or what decompresses it is not installed.
    """
    with closing(_open(name)) as file:
        beginning = _read(file, name)
        yield from _texts(file, beginning, name)


def is_compressed(name: str) -> bool:
    """Say whether a log is compressed. Raises UsageError where it cannot be read."""
    with closing(_open(name)) as file:
        return _opener(_read(file, name)[:_MAGIC], name) is not None


def _in(path: Path) -> list[str]:
    try:
        if not path.is_dir():
            return [str(path)]
        found = sorted(each for each in path.rglob("*") if _NAMES.fullmatch(each.name) and each.is_file())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if not found:
        raise UsageError(f"{path} holds no logs (*.log, *.out, *.err, *.txt, stdout, stderr; compressed, too).")
    return [str(each) for each in found]


def _open(name: str) -> IO[bytes]:
    if name == STANDARD_INPUT:
        if sys.stdin is None:
            raise UsageError("Standard input is closed.")
        return os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0)
    try:
        return Path(name).open("rb", buffering=0)
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}.") from error


def _read(file: IO[bytes], name: str) -> bytes:
    try:
        return file.read(SIZE) or b""
    except OSError as error:
        kind = UsageError if isinstance(error, IsADirectoryError) else DoctorError
        raise kind(f"{name} cannot be read: {error.strerror}.") from error


def _texts(file: IO[bytes], beginning: bytes, name: str) -> Iterator[bytes]:
    again = _Again(file, beginning)
    opener = _opener(beginning[:_MAGIC], name)
    try:
        with closing(opener(again) if opener else again) as text:
            is_first = True
            while chunk := text.read1(SIZE):
                if is_first and _is_no_text(chunk):
                    raise UsageError(f"{name} is no text.")
                is_first = False
                yield chunk
    except EOFError:
        return  # a compressed log that is being written, or was cut: what is there has been read
    except OSError as error:
        if opener is None:
            raise DoctorError(f"{name} cannot be read on: {error.strerror}.") from error
        raise UsageError(f"{name} is damaged: {error}.") from error
    except _damages() as error:
        raise UsageError(f"{name} is damaged: {error}.") from error


def _is_no_text(chunk: bytes) -> bool:
    if chunk.startswith(_UTF16):
        return False
    told = chunk.replace(b"\0", b"")
    return len(told) - len(told.translate(None, _CONTROLS)) > _MOST_CONTROLS * len(told)


def _damages() -> tuple[type[Exception], ...]:
    """Return what the modules that decompress raise, of zstd's if it is loaded."""
    zstd = sys.modules.get(_ZSTD)
    return (zlib.error, lzma.LZMAError, *((zstd.ZstdError,) if zstd else ()))


def _opener(magic: bytes, name: str) -> Any:
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open
    if magic.startswith(b"BZh"):
        return bz2.open
    if magic.startswith(b"\xfd7zXZ\x00"):
        return lzma.open
    is_skippable = magic[1:4] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5  # noqa: PLR2004 - as RFC 8878 has it
    if not (magic.startswith(b"\x28\xb5\x2f\xfd") or is_skippable):
        return None
    try:
        return importlib.import_module(_ZSTD).open
    except ImportError:
        raise DoctorError(
            f"{name} is compressed with zstd, which verl-doctor's extra 'zstd' reads; "
            "in its checkout, install '.[zstd]'."
        ) from None


class _Again:
    """A file of which the beginning was read, as if it had not been; what decompresses needs no more of it."""

    def __init__(self, file: IO[bytes], beginning: bytes) -> None:
        self._file = file
        self._beginning = beginning

    def read(self, size: int = -1, /) -> bytes:
        """Return at most so many bytes; all that there are for -1."""
        if not self._beginning:
            return self._file.read(size) or b""
        data = self._beginning if size < 0 else self._beginning[:size]
        self._beginning = self._beginning[len(data) :]
        return data + (self._file.read() if size < 0 else b"")

    def read1(self, size: int = -1, /) -> bytes:
        """Return what can be had at once."""
        return self.read(size)

    def close(self) -> None:
        """Leave the file to whoever opened it."""
