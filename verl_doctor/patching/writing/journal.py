"""The note of a write: which files change, what they hold before and after, and whether all of it is done."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from verl_doctor.errors import DataError
from verl_doctor.host import LocalHost
from verl_doctor.patching.writing import content
from verl_doctor.patching.writing.disk import Disk

Status = Literal["begun", "exchanging", "done"]
"""Nothing is changed yet; some files may be new and some old; all are new."""

_STATUSES: Final[tuple[Status, ...]] = ("begun", "exchanging", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file in a journal: its digest before and after, None for no file, and its distribution's metadata folder."""

    path: Path
    old: str | None
    new: str | None
    owner: Path

    @property
    def fresh(self) -> Path:
        """Where the new content waits."""
        return self.path.with_name(f".{self.path.name}.verl-doctor-new")

    @property
    def saved(self) -> Path:
        """Where the old content is kept until all is done."""
        return self.path.with_name(f".{self.path.name}.verl-doctor-old")

    @property
    def kept(self) -> Path:
        """Where the old content stays if somebody else has changed the file meanwhile."""
        return self.path.with_name(f"{self.path.name}.before-verl-doctor")

    @property
    def claim(self) -> Path:
        """Where others find out which journal this is about."""
        return self.path.with_name(f".{self.path.name}.verl-doctor-by")

    @property
    def is_shared(self) -> bool:
        """Whether it lies in a checkout, which other environments may use, whose journals are elsewhere."""
        return not self.path.is_relative_to(self.owner.parent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a journal says."""

    status: Status
    entries: tuple[Entry, ...]


def read(journal: Path) -> Note | None:
    """Return what a journal says, None where there is none. Raises DataError for a file that is no journal."""
    written = content.read(LocalHost(), journal)
    if written is None:
        return None
    try:
        document = json.loads(written)
        entries = tuple(_entry(fields, _home(journal)) for fields in document["files"])
        return Note(status=_STATUSES[_STATUSES.index(document["status"])], entries=entries)
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{journal} is not the journal that verl-doctor writes ({error!r}). Remove it, and reinstall the package "
            "that it lies in."
        ) from error


def write(journal: Path, status: Status, entries: Sequence[Entry], disk: Disk) -> None:
    """Write a journal, through to the medium."""
    home = _home(journal)
    files = [
        {
            "path": os.path.relpath(entry.path, home),
            "old": entry.old,
            "new": entry.new,
            "owner": os.path.relpath(entry.owner, home),
        }
        for entry in entries
    ]
    disk.create(draft(journal), json.dumps({"status": status, "files": files}, indent=1).encode())
    disk.replace(draft(journal), journal)
    disk.sync(journal.parent)


def draft(journal: Path) -> Path:
    """Return where a journal is written before it takes its place."""
    return journal.with_name(f"{journal.name}-new")


def _home(journal: Path) -> Path:
    """Return what paths in a journal are relative to, so that an environment may be mounted elsewhere."""
    return journal.parent.parent


def _entry(fields: dict[str, Any], home: Path) -> Entry:
    path, owner = (Path(os.path.normpath(home / fields[name])) for name in ("path", "owner"))
    return Entry(path=path, old=fields["old"], new=fields["new"], owner=owner)
