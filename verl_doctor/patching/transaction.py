"""Writing many files as one: all of them change, or none, whenever the run ends.

A journal says what is about to change. New contents and copies of the old ones are put beside the files; then the
journal says that they are exchanged, which happens one by one; then that all is done, and what was put beside the files
goes. Whoever finds a journal puts the old files back if it says that files are exchanged, and otherwise only tidies up:
before that nothing is changed, and what is done is never undone. All of it can be interrupted and begun again.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from verl_doctor.errors import DataError, DoctorError, PatchRefusedError, WriteFailedError
from verl_doctor.host import LocalHost
from verl_doctor.patching import bytecode, content, journal
from verl_doctor.patching.change import Change, sha256
from verl_doctor.patching.disk import Disk
from verl_doctor.patching.journal import Entry, Status
from verl_doctor.patching.place import STORE, is_described


def carry_out(changes: Sequence[Change], note: Path, disk: Disk) -> None:
    """Make all changes, or none, with a journal at `note`.

    Raises WriteFailedError after putting back what had been written, or where all was written but not tidied up, and
    PatchRefusedError where another environment has not finished with one of the files.
    """
    entries = tuple(Entry(path=c.path, old=_digest(c.old), new=_digest(c.new), owner=c.owner) for c in changes)
    for entry in entries:
        _require_unclaimed(entry)
    run = _Transaction(journal=note, entries=entries, disk=disk)
    current = note
    try:
        for path in run.write(changes):
            current = path
    except OSError as error:
        if run.status == "done":
            raise _untidy(error, note) from error
        raise WriteFailedError(run.given_up(_reason(current, error))) from error
    except (Exception, KeyboardInterrupt):
        if run.status != "done":
            with _told():
                run.undo()
        raise
    try:
        run.tidy()
    except OSError as error:
        raise _untidy(error, note) from error


def recover(note: Path, disk: Disk, holds: Callable[[Path], bool]) -> bool:
    """Bring a run that was interrupted to an end; say whether there was one.

    Raises DataError where the journal names a file in a folder that the environment does not hold.
    """
    found = journal.read(note)
    for path in (note, *(entry.path for entry in found.entries)) if found else ():
        if not holds(path.parent):
            raise DataError(
                f"{note} names {path}, which is not part of what is installed in this environment; nothing was "
                "changed. Reinstall the package that the file belongs to, or remove the journal."
            )
    with _told():
        if found is None:
            disk.remove(journal.draft(note))
            return False
        run = _Transaction(journal=note, entries=found.entries, disk=disk)
        disk.sync(note.parent)  # whoever wrote it may have been stopped before
        if found.status == "done":
            run.tidy()
        else:
            run.undo()
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Transaction:
    """The files that change together, and the journal that says so."""

    journal: Path
    entries: tuple[Entry, ...]
    disk: Disk

    @property
    def status(self) -> Status | None:
        """What the next run would find in the journal."""
        found = journal.read(self.journal)
        return found.status if found else None

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
        """Leave all as it was before."""
        if self.status == "exchanging":
            self._put_all_back()
        self.tidy()

    def given_up(self, reason: str) -> str:
        """Leave all as it was before; say in one sentence what came of it, after the reason."""
        try:
            self.undo()
        except (OSError, DoctorError) as error:
            if all(_current(entry.path) == entry.old for entry in self.entries):
                return f"{reason}; nothing was changed. The next run tidies up ({_said(error)})."
            return (
                f"{reason}; nor could everything be put back ({_said(error)}). "
                f"The next run does that, from {self.journal}."
            )
        return f"{reason}; nothing was changed."

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
            self.disk.create(entry.saved, change.old, like=entry.path)
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
        current = _current(entry.path)
        if current == entry.old or current != entry.new:
            return
        if current is not None and _current(entry.fresh) == current:
            return  # not exchanged yet: installed again since
        if entry.old is not None and _current(entry.saved) != entry.old:
            raise WriteFailedError(
                f"A run was not finished, and {entry.path} cannot be put back: the copy of the old content beside it "
                f"is gone or damaged. Reinstall the package that it belongs to; until then {self.journal} stays."
            )
        self._put(None if entry.old is None else entry.saved, entry.path)


def _require_unclaimed(entry: Entry) -> None:
    """Raise PatchRefusedError where another environment uses the same checkout and was interrupted there."""
    claimed = content.read(LocalHost(), entry.claim)
    if claimed is not None:
        other = Path(os.fsdecode(claimed)).parent
        raise PatchRefusedError(
            f"Nothing was written: a run that changes {entry.path} for {other} was interrupted. End it with --apply or "
            f"--revert in that environment or, where that is gone, restore the file and remove {entry.claim}."
        )


def _require_unchanged(entry: Entry) -> None:
    """Raise PatchRefusedError where a file is not what the plan was made for."""
    if _current(entry.path) != entry.old:
        raise PatchRefusedError(f"{entry.path} was changed by another program meanwhile; nothing was changed here.")


@contextmanager
def _told() -> Iterator[None]:
    """Say in one sentence what keeps a run from being brought to an end."""
    try:
        yield
    except OSError as error:
        raise WriteFailedError(
            f"A run that was interrupted cannot be undone: {_said(error)}. The next run that may write there does it."
        ) from error


def _untidy(error: OSError, note: Path) -> WriteFailedError:
    return WriteFailedError(
        f"Everything was written, but {error.filename or note} could not be tidied up: {error.strerror}. "
        "The next run does it."
    )


def _reason(path: Path, error: OSError) -> str:
    if error.errno == errno.EROFS:
        return f"{path} cannot be written: it is on a read-only file system"
    return f"{path} cannot be written: {error.strerror or error}"


def _said(error: OSError | DoctorError) -> str:
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)


def _digest(found: bytes | None) -> str | None:
    return None if found is None else sha256(found)


def _current(path: Path) -> str | None:
    return _digest(content.read(LocalHost(), path))
