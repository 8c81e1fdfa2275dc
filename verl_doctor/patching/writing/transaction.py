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
from pathlib import Path
from typing import Final

from verl_doctor.errors import DataError, DoctorError, PatchRefusedError, WriteFailedError
from verl_doctor.host import LocalHost
from verl_doctor.patching.writing import content, journal
from verl_doctor.patching.writing.change import Change
from verl_doctor.patching.writing.disk import Disk
from verl_doctor.patching.writing.exchange import Exchange, digest
from verl_doctor.patching.writing.journal import Entry

_IN_THE_WAY: Final = frozenset({errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOTEMPTY})
"""What the system says where a folder is in place of a file, or the other way round."""


def carry_out(changes: Sequence[Change], note: Path, disk: Disk) -> None:
    """Make all changes, or none, with a journal at `note`.

    Raises WriteFailedError after putting back what had been written, or where all was written but not tidied up, and
    PatchRefusedError where another environment has not finished with one of the files.
    """
    entries = tuple(Entry(path=c.path, old=digest(c.old), new=digest(c.new), owner=c.owner) for c in changes)
    for entry in entries:
        _require_unclaimed(entry)
    run = Exchange(journal=note, entries=entries, disk=disk)
    current = note
    try:
        for path in run.write(changes):
            current = path
    except OSError as error:
        if run.status == "done":
            raise _untidy(error, note) from error
        raise WriteFailedError(_given_up(run, _reason(current, error))) from error
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
        run = Exchange(journal=note, entries=found.entries, disk=disk)
        disk.sync(note.parent)  # whoever wrote it may have been stopped before
        if found.status == "done":
            run.tidy()
        else:
            run.undo()
        return True


def _require_unclaimed(entry: Entry) -> None:
    """Raise PatchRefusedError where another environment uses the same checkout and was interrupted there."""
    claimed = content.read(LocalHost(), entry.claim)
    if claimed is not None:
        other = Path(os.fsdecode(claimed)).parent
        raise PatchRefusedError(
            f"Nothing was written: a run that changes {entry.path} for {other} was interrupted. End it with --apply or "
            f"--revert in that environment or, where that is gone, restore the file and remove {entry.claim}."
        )


def _given_up(run: Exchange, reason: str) -> str:
    """Leave all as it was before; say in one sentence what came of it, after the reason."""
    try:
        run.undo()
    except (OSError, DoctorError) as error:
        if run.is_as_before:
            return f"{reason}; nothing was changed. The next run tidies up ({_said(error)})."
        return (
            f"{reason}; nor could everything be put back ({_said(error)}). The next run does that, from {run.journal}."
        )
    return f"{reason}; nothing was changed."


@contextmanager
def _told() -> Iterator[None]:
    """Say in one sentence what keeps a run from being brought to an end."""
    try:
        yield
    except OSError as error:
        if error.errno in _IN_THE_WAY:
            raise WriteFailedError(
                f"{error.filename} is in the way, and not of verl-doctor's making: remove it."
            ) from error
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
    if error.errno in _IN_THE_WAY:
        return f"{error.filename} is in the way of {path}, and not of verl-doctor's making"
    return f"{path} cannot be written: {error.strerror or error}"


def _said(error: OSError | DoctorError) -> str:
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else str(error)
