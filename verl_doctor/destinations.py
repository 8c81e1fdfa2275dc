"""The files that a run will write: whether they can be, and none of an earlier run left in their place meanwhile."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verl_doctor import whole_file
from verl_doctor.errors import UsageError
from verl_doctor.streams import STREAM

_Identity = tuple[int, int] | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """The modes of the files that were removed, and why others cannot be written."""

    modes: Mapping[Path, int]
    refusals: Mapping[Path, str]

    def require_all(self) -> None:
        """Raise UsageError where one cannot be written."""
        if self.refusals:
            raise UsageError(" ".join(self.refusals.values()))


def clear(written: Sequence[Path], read: Iterable[Path] = ()) -> Cleared:
    """Remove what earlier runs wrote to these files. Nothing else is left or changed.

    A run that ends without an answer, however it ends, then leaves no older one that passes for its own. Raises
    UsageError for two that are one file, or that are a file to be read, with nothing removed.
    """
    _require_apart(written, read)
    modes: dict[Path, int] = {}
    refusals: dict[Path, str] = {}
    for file in written:
        try:
            if (mode := _cleared(file)) is not None:
                modes[file] = mode
        except OSError as error:
            left = "; what it holds is of an earlier run" if os.path.isfile(file) else ""  # noqa: PTH113 - never raises
            refusals[file] = f"{file} cannot be written: {error.strerror}{left}."
        except UsageError as error:
            refusals[file] = str(error)
    return Cleared(modes=modes, refusals=refusals)


def _require_apart(written: Sequence[Path], read: Iterable[Path]) -> None:
    sources = {_identity(file, os.O_RDONLY): file for file in read}
    seen: dict[_Identity, Path] = {}
    for file in written:
        identity = _identity(file, os.O_WRONLY)
        if identity in sources:
            source = sources[identity]
            called = f" as {source}" if source != file else ""
            raise UsageError(f"{file} is read by this command{called}, so it cannot be written as well.")
        if other := seen.get(identity):
            told = f"{other} and {file}" if other != file else str(file)
            where = "standard output" if STREAM in {file, other} else "the same file"
            raise UsageError(f"Two reports cannot go to {where} ({told}); name another file for one of them.")
        seen[identity] = file


def _identity(file: Path, flags: int) -> _Identity:
    """Return what two paths share that lead to one file: for a file that is there itself, else its path."""
    try:
        opened = 0 if flags == os.O_RDONLY else 1
        descriptor = opened if file == STREAM else whole_file.own_descriptor(file)
        state = file.stat() if descriptor is None else os.fstat(descriptor)
    except OSError:
        return os.path.realpath(file)
    if stat.S_ISREG(state.st_mode):
        return state.st_dev, state.st_ino
    return os.path.realpath(file) if descriptor is None else f"descriptor {descriptor}"


def _cleared(file: Path) -> int | None:
    """Remove a file that can be written; return its mode. Raises UsageError or OSError where it cannot be.

    One that can be written but not replaced, such as a volume of a container, is emptied.
    """
    if file == STREAM:
        return None
    if not file.absolute().parent.is_dir():
        raise UsageError(f"{file} cannot be written: {file.absolute().parent} is no folder.")
    if file.is_dir():
        raise UsageError(f"{file} cannot be written: it is a folder.")
    if (place := whole_file.replaced(file)) is None:
        _try_special(file)
        return None
    mode = stat.S_IMODE(place.stat().st_mode) if place.exists() else None
    try:
        _try_folder(place)
        place.unlink(missing_ok=True)
    except OSError as error:
        if not whole_file.keeps_its_place(place, error):
            raise
        os.truncate(place, 0)
    return mode


def _try_special(file: Path) -> None:
    """Open a pipe, ask of a device. Raises UsageError or OSError for what takes no report: a pipe without a reader.

    A pipe stays open until the process ends: its reader would leave with the last who may write to it.
    """
    if whole_file.own_descriptor(file) is not None:
        return
    kind = file.stat().st_mode
    if stat.S_ISSOCK(kind):
        raise UsageError(f"{file} cannot be written: it is a socket.")
    if stat.S_ISFIFO(kind):
        whole_file.open_pipe(file)
    elif not os.access(file, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _try_folder(place: Path) -> None:
    """Make and remove a file as `whole_file.write` will. Raises OSError where that cannot be."""
    handle, name = tempfile.mkstemp(prefix=whole_file.PREFIX, dir=place.parent)
    os.close(handle)
    Path(name).unlink()
