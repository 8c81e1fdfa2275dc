"""Writing many files as one: all of them change, or none, whenever the run ends.

A journal says what is about to change. New contents and copies of the old ones are put beside the files; then the files
are exchanged one by one; then the journal is marked done, and what was put beside the files goes. Whoever finds a
journal that is not done puts the old files back; whoever finds one that is done only tidies up. Both can be
interrupted and begun again.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from verl_doctor.errors import DataError, PatchRefusedError, WriteFailedError
from verl_doctor.patching.change import Change, sha256
from verl_doctor.patching.disk import Disk
from verl_doctor.patching.place import STORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file in a journal: its digest before and after, None for no file."""

    path: Path
    old: str | None
    new: str | None

    @property
    def fresh(self) -> Path:
        """Where the new content waits."""
        return self.path.with_name(f".{self.path.name}.verl-doctor-new")

    @property
    def saved(self) -> Path:
        """Where the old content is kept until all is done."""
        return self.path.with_name(f".{self.path.name}.verl-doctor-old")


def carry_out(changes: Sequence[Change], journal: Path, disk: Disk) -> None:
    """Make all changes, or none. Raises WriteFailedError after putting back what had been written."""
    entries = [Entry(path=c.path, old=_digest(c.old), new=_digest(c.new)) for c in changes]
    current = journal
    try:
        _note(journal, "begun", entries, disk)
        for change, entry in zip(changes, entries, strict=True):
            current = change.path
            _stage(change, entry, disk)
        for entry in entries:
            current = entry.path
            _exchange(entry, disk)
        current = journal
        _note(journal, "done", entries, disk)
    except OSError as error:
        with _told(current, error, journal):
            _undo(journal, entries, disk)
    except (Exception, KeyboardInterrupt):
        _undo(journal, entries, disk)
        raise
    try:
        _tidy(journal, entries, disk)
    except OSError as error:
        raise WriteFailedError(
            f"Everything was written, but {error.filename or journal} could not be tidied up: {error.strerror}. "
            "The next run does it."
        ) from error


def recover(journal: Path, disk: Disk) -> bool:
    """Bring a run that was interrupted to an end; say whether there was one."""
    if not journal.is_file():
        disk.remove(_next(journal))
        return False
    try:
        document = json.loads(journal.read_bytes())
        entries = [
            Entry(path=Path(os.path.normpath(journal.parent.parent / file["path"])), old=file["old"], new=file["new"])
            for file in document["files"]
        ]
        is_done = document["status"] == "done"
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{journal} is not the journal that verl-doctor writes ({error!r}).") from error
    try:
        (_tidy if is_done else _undo)(journal, entries, disk)
    except OSError as error:
        raise WriteFailedError(
            f"A run that was interrupted cannot be undone: {error.filename or journal}: {error.strerror}. "
            "The next run that may write there does it."
        ) from error
    return True


def _note(journal: Path, status: Literal["begun", "done"], entries: Sequence[Entry], disk: Disk) -> None:
    home = journal.parent.parent  # paths are relative to it, so that an environment may be mounted elsewhere
    files = [{"path": os.path.relpath(e.path, home), "old": e.old, "new": e.new} for e in entries]
    disk.create(_next(journal), json.dumps({"status": status, "files": files}, indent=1).encode())
    disk.replace(_next(journal), journal)
    disk.sync(journal.parent)


def _next(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}-new")


def _stage(change: Change, entry: Entry, disk: Disk) -> None:
    """Put the new content, and a copy of the old one, beside the file."""
    if not change.path.parent.is_dir():
        disk.make_folder(change.path.parent)
    is_there = change.old is not None
    if change.old is not None:
        disk.create(entry.saved, change.old, like=entry.path)
    if change.new is not None:
        disk.create(entry.fresh, change.new, like=entry.path if is_there else None)


def _exchange(entry: Entry, disk: Disk) -> None:
    """Put the new content in place. Raises PatchRefusedError where the file is not what the plan was made for."""
    if _digest(_content(entry.path)) != entry.old:
        raise PatchRefusedError(f"{entry.path} was changed by another program meanwhile; nothing was changed here.")
    if entry.new is None:
        disk.remove(entry.path)
    else:
        disk.replace(entry.fresh, entry.path)
    disk.sync(entry.path.parent)
    _forget_bytecode(entry.path, disk)


def _undo(journal: Path, entries: Sequence[Entry], disk: Disk) -> None:
    """Put the old files back where the new ones are; what anybody else wrote stays."""
    lost = []
    for entry in reversed(entries):
        current = _digest(_content(entry.path))
        if current == entry.old or current != entry.new:
            continue
        if entry.old is None:
            disk.remove(entry.path)
        elif _digest(_content(entry.saved)) == entry.old:
            disk.replace(entry.saved, entry.path)
        else:
            lost.append(entry)
            continue
        disk.sync(entry.path.parent)
        _forget_bytecode(entry.path, disk)
    if lost:
        paths = ", ".join(str(entry.path) for entry in lost)
        raise WriteFailedError(
            f"A run was not finished, and {paths} cannot be put back: the copy of the old content beside it is gone or "
            f"damaged. Reinstall the package that it belongs to; until then {journal} stays."
        )
    _tidy(journal, entries, disk)


def _tidy(journal: Path, entries: Sequence[Entry], disk: Disk) -> None:
    """Remove what was put beside the files, the folders that are empty now, and last the journal."""
    for entry in entries:
        disk.remove(entry.fresh)
        disk.remove(entry.saved)
    for folder in {entry.path.parent for entry in entries if entry.path.parent.name == STORE}:
        disk.remove_folder(folder)
    disk.remove(_next(journal))
    disk.remove(journal)
    disk.sync(journal.parent)


def _forget_bytecode(source: Path, disk: Disk) -> None:
    """Remove the bytecode of a module, of every interpreter and level: some is never compared with its source."""
    folder = source.parent / "__pycache__"
    if source.suffix != ".py" or not folder.is_dir():
        return
    compiled = re.compile(re.escape(source.stem) + r"\.[^.]+(\.opt-[^.]+)?\.pyc")
    for file in sorted(folder.iterdir()):
        if compiled.fullmatch(file.name):
            disk.remove(file)


@contextmanager
def _told(path: Path, error: OSError, journal: Path) -> Iterator[None]:
    """Say in one sentence what could not be written, after the block has put things back."""
    reason = f"{path} cannot be written: {error.strerror or error}"
    if error.errno == errno.EROFS:
        reason = f"{path} cannot be written: it is on a read-only file system"
    try:
        yield
    except OSError as second:
        raise WriteFailedError(
            f"{reason}; nor could everything be put back ({second.filename}: {second.strerror}). "
            f"The next run does that, from {journal}."
        ) from error
    raise WriteFailedError(f"{reason}; nothing was changed.") from error


def _digest(content: bytes | None) -> str | None:
    return None if content is None else sha256(content)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
