"""Exchanging files for others, and back: the steps of a transaction, each of which can be done again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from verl_doctor.errors import DoctorError, PatchRefusedError, WriteFailedError
from verl_doctor.host import LocalHost
from verl_doctor.patching.place import STORE, is_described
from verl_doctor.patching.writing import bytecode, content, journal
from verl_doctor.patching.writing.change import Change, sha256
from verl_doctor.patching.writing.disk import Disk
from verl_doctor.patching.writing.journal import Entry, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The files that change together, and the journal that says so."""

    journal: Path
    entries: tuple[Entry, ...]
    disk: Disk

    @property
    def status(self) -> Status | None:
        """What the next run would find in the journal."""
        found = journal.read(self.journal)
        return found.status if found else None

    @property
    def is_as_before(self) -> bool:
        """Whether every file is what it was before."""
        return all(current(entry.path) == entry.old for entry in self.entries)

    def write(self, changes: Sequence[Change]) -> Iterator[Path]:
        """Make all changes; yield each path before something is done to it."""
        yield self.journal
        journal.write(self.journal, "begun", self.entries, self.disk)
        for change, entry in zip(changes, self.entries, strict=True):
            yield entry.path
            self._stage(change, entry)
        self._sync()
        for entry in self.entries:
            _require_unchanged(entry)
            for compiled in bytecode.of(entry.path):  # what cannot go is found out before anything is changed
                yield compiled
                self.disk.remove(compiled)
        yield self.journal
        journal.write(self.journal, "exchanging", self.entries, self.disk)
        for entry in self.entries:
            yield entry.path
            _require_unchanged(entry)
            self._put(None if entry.new is None else entry.fresh, entry.path)
        self._sync()
        yield self.journal
        journal.write(self.journal, "done", self.entries, self.disk)

    def undo(self) -> None:
        """Leave all as it was before.

        Raises WriteFailedError, when that is done, where somebody changed a file after it was exchanged: it stays so,
        and what it was before is kept beside it.
        """
        kept = []
        if self.status == "exchanging":
            self._put_all_back()
            kept = [self._keep(entry) for entry in self.entries if self._is_changed_since(entry)]
        self.tidy()
        if kept:
            raise WriteFailedError(
                "A run was not finished, and somebody changed files that it had changed. They stay as they are; what "
                f"they were before is in {', '.join(map(str, kept))}. All else is as it was before that run."
            )

    def tidy(self) -> None:
        """Remove what was put beside the files, the folders that are empty now, and last the journal."""
        for entry in self.entries:
            self.disk.remove(entry.fresh)
            self.disk.remove(entry.saved)
            self.disk.remove(entry.claim)
        for entry in self.entries:
            self._remove_empty_folders(entry)
        self.disk.remove(journal.draft(self.journal))
        self.disk.remove(self.journal)
        self.disk.sync(self.journal.parent)

    def _remove_empty_folders(self, entry: Entry) -> None:
        """Remove the folder that we made for a file; where the distribution is gone, all that held only our files."""
        if not is_described(entry.owner):
            for folder in entry.path.parents:
                if not self.disk.remove_folder(folder):
                    break
        elif entry.path.parent.name == STORE:
            self.disk.remove_folder(entry.path.parent)

    def _stage(self, change: Change, entry: Entry) -> None:
        """Put the new content, and a copy of the old one, beside the file."""
        if not entry.path.parent.is_dir():
            self.disk.make_folder(entry.path.parent)
        if entry.is_shared:
            self.disk.create(entry.claim, os.fsencode(self.journal))
        if change.old is not None:
            self.disk.keep(entry.path, entry.saved, change.old)
        if change.new is not None:
            self.disk.create(entry.fresh, change.new, like=None if change.old is None else entry.path)

    def _put(self, source: Path | None, path: Path) -> None:
        """Put a file in the place of another, or none; wherever it is stopped, no bytecode of the other is left."""
        self._forget_bytecode(path)
        if source is None:
            self.disk.remove(path)
        else:
            self.disk.replace(source, path)
        self._forget_bytecode(path)

    def _forget_bytecode(self, source: Path) -> None:
        for compiled in bytecode.of(source):
            self.disk.remove(compiled)

    def _sync(self) -> None:
        for folder in dict.fromkeys(entry.path.parent for entry in self.entries):
            if folder.is_dir():
                self.disk.sync(folder)

    def _put_all_back(self) -> None:
        """Put back all that can be; raise the first error only then."""
        errors = []
        for entry in reversed(self.entries):
            try:
                self._put_back(entry)
            except (OSError, DoctorError) as error:
                errors.append(error)
        if errors:
            raise errors[0]
        self._sync()

    def _put_back(self, entry: Entry) -> None:
        """Put an old file back where the new one is; what anybody else wrote stays."""
        if not is_described(entry.owner):
            return  # uninstalled since: whatever is there now came with something else
        found = current(entry.path)
        if found == entry.old or found != entry.new:
            return
        if found is not None and current(entry.fresh) == found:
            return  # not exchanged yet: installed again since
        if entry.old is not None and current(entry.saved) != entry.old:
            raise WriteFailedError(
                f"A run was not finished, and {entry.path} cannot be put back: the copy of the old content beside it "
                f"is gone or damaged. Reinstall the package that it belongs to; if this is still said then, remove "
                f"{self.journal}."
            )
        self._put(None if entry.old is None else entry.saved, entry.path)

    def _is_changed_since(self, entry: Entry) -> bool:
        """Say whether a file of a package is neither as before nor as we left it, and what it was before is here."""
        is_ours = entry.path.is_relative_to(entry.owner)
        if is_ours or entry.old is None or not is_described(entry.owner):
            return False
        return current(entry.path) not in {None, entry.old, entry.new} and current(entry.saved) == entry.old

    def _keep(self, entry: Entry) -> Path:
        self.disk.replace(entry.saved, entry.kept)
        return entry.kept


def _require_unchanged(entry: Entry) -> None:
    """Raise PatchRefusedError where a file is not what the plan was made for."""
    if current(entry.path) != entry.old:
        raise PatchRefusedError(f"{entry.path} was changed by another program meanwhile; nothing was changed here.")


def digest(found: bytes | None) -> str | None:
    """Return the digest of a content, None for no file."""
    return None if found is None else sha256(found)


def current(path: Path) -> str | None:
    """Return the digest of what a file holds now. Raises TargetError where it cannot be read."""
    return digest(content.read(LocalHost(), path))
