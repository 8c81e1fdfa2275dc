"""Opens logs: plain or compressed, from a file, a folder or standard input."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Final

from verl_doctor.diagnose.blocks import SIZE
from verl_doctor.errors import DoctorError, UsageError

STANDARD_INPUT: Final = "-"
_SUFFIXES: Final = (".log", ".out", ".err", ".txt")
_COMPRESSED: Final = (".gz", ".zst", ".xz", ".bz2")
_MAGIC: Final = 6
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")


def find(paths: Iterable[str]) -> list[str]:
    """Return the logs that are named: files as they are, of folders the logs in them, in order of their names.

    Raises UsageError for a folder without logs, or a path that is not there.
    """
    return [name for path in paths for name in ([path] if path == STANDARD_INPUT else _in(Path(path)))]


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
        found = sorted(each for each in path.rglob("*") if _is_log(each) and each.is_file())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    if not found:
        raise UsageError(f"{path} holds no logs ({', '.join(f'*{suffix}' for suffix in _SUFFIXES)}).")
    return [str(each) for each in found]


def _is_log(path: Path) -> bool:
    suffixes = [suffix for suffix in path.suffixes if suffix not in _COMPRESSED]
    return bool(suffixes) and suffixes[-1] in _SUFFIXES


def _open(name: str) -> IO[bytes]:
    if name == STANDARD_INPUT:
        return sys.stdin.buffer
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
                if is_first and b"\0" in chunk and not chunk.startswith(_UTF16) and chunk.count(0) > len(chunk) // 100:
                    raise UsageError(f"{name} is no text.")
                is_first = False
                yield chunk
    except EOFError:
        return  # a compressed log that is being written, or was cut: what is there has been read
    except OSError as error:
        if opener is None:
            raise DoctorError(f"{name} cannot be read on: {error.strerror}.") from error
        raise UsageError(f"{name} is damaged: {error}.") from error
    except (zlib.error, lzma.LZMAError) as error:
        raise UsageError(f"{name} is damaged: {error}.") from error


def _opener(magic: bytes, name: str) -> Any:
    if magic.startswith(b"\x1f\x8b"):
        return gzip.open
    if magic.startswith(b"BZh"):
        return bz2.open
    if magic.startswith(b"\xfd7zXZ\x00"):
        return lzma.open
    if not magic.startswith(b"\x28\xb5\x2f\xfd"):
        return None
    try:
        module = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    except ImportError:
        raise DoctorError(
            f"{name} is compressed with zstd; install what reads that: pip install 'verl-doctor[zstd]'."
        ) from None
    return module.open


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
