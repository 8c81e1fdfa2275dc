"""What `verl-doctor patch` says where it may not or cannot write: what to run next."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import join, quote
from typing import Final

from verl_doctor.cli.patch_asked import Asked, Mode
from verl_doctor.errors import PatchRefusedError, Step, WriteFailedError
from verl_doctor.facts.patches import PatchState
from verl_doctor.patching import record, repair
from verl_doctor.patching.place import installed, locate
from verl_doctor.patching.writing import content

_BARRED: Final = (errno.EACCES, errno.EPERM)


def refused(asked: Asked, error: PatchRefusedError) -> PatchRefusedError:
    """Return a refusal with what to run: the command that brings the files back, and that for the others."""
    message = str(error) if asked.is_written else f"This cannot be patched as it is: {error.reason}"
    if asked.is_taken_back:
        return PatchRefusedError(message)
    states = asked.states(asked.patches).values()
    foreign = [state for state in states if state.is_affected and state.state in {"unrecognised", "absent"}]
    others = [state.id for state in states if state.state == "applicable"] if foreign else []
    return PatchRefusedError(message, steps=(*_reinstalls(asked, foreign), *_others(asked, others)))


def _reinstalls(asked: Asked, foreign: Sequence[PatchState]) -> Iterator[Step]:
    """Yield the commands for the files that are not as their release has them; what a checkout holds is its own."""
    inside = "Inside the image, this" if asked.target.root != "/" else "This"
    changed = [state.distribution for state in foreign if not _is_as_installed(asked, state)]
    for name in dict.fromkeys(changed):
        found = installed(asked.packages, name)
        command = repair.command(asked.target, found) if found and not found.editable else None
        if found and command:
            yield Step(what=f"{inside} brings the files of {name} {found.version} back", command=command)


def _is_as_installed(asked: Asked, state: PatchState) -> bool:
    """Say whether RECORD has the digest of the file, so that installing again would bring the same."""
    place = locate(asked.target, asked.packages, state.distribution)
    path = place.path(asked.host, state.file) if place else None
    if not place or not path:
        return False
    row = record.row_of(content.read(asked.host, place.metadata / "RECORD") or b"", state.file)
    return bool(row) and record.is_row_of(row or "", state.file, content.read(asked.host, path) or b"")


def _others(asked: Asked, others: Sequence[str]) -> Iterator[Step]:
    """Yield the command for the patches that can be applied."""
    if others and asked.mode is not Mode.CHECK:
        folders = [word for folder in asked.folders for word in ("--patches", str(folder))]
        words = join(["verl-doctor", "patch", "--apply", *others, *folders])
        yield Step(what="This applies the others", command=f"{words} {asked.target.options}")


def explained(error: WriteFailedError) -> WriteFailedError:
    """Return a failure to write for want of permission in words of users and folders; any other as it is."""
    cause = error.__cause__
    if not isinstance(cause, OSError) or cause.errno not in _BARRED or not cause.filename:
        return error
    if "nothing was changed" not in str(error):
        return error
    folder = Path(os.fsdecode(cause.filename)).parent
    if os.access(folder, os.W_OK, effective_ids=True):
        return error  # something else is in the way, which says what it is
    found = folder.stat()
    me, owner = _user(os.geteuid()), _user(found.st_uid)
    if me == owner:
        return WriteFailedError(
            f"{me} may not write in {folder}, although it is theirs: its mode is {stat.filemode(found.st_mode)}; "
            "nothing was changed.",
            steps=[Step(what="This allows it", command=f"chmod u+w {quote(str(folder))}")],
        )
    return WriteFailedError(
        f"{me} may not write in {folder}, which belongs to {owner}; nothing was changed. "
        f"Run this as {owner}, or as somebody who may write there."
    )


def _user(number: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"
