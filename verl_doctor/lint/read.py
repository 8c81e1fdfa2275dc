"""Reads a file of any format that says how verl is launched."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from verl_doctor.errors import UsageError
from verl_doctor.lint.document import Document, Format
from verl_doctor.lint.formats import by_name, format_of
from verl_doctor.lint.traced import Source, Traced, whole

if TYPE_CHECKING:
    from verl_doctor.lint.readers import Reading

LARGEST: Final = 4 * 1024 * 1024
_BEGINNING: Final = 8192


class UnfitError(UsageError):
    """A file that cannot be judged: unreadable, binary, huge, empty."""


def files(paths: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Yield the files that are named, and those in named folders whose name tells of a format that is read.

    With each goes whether it was found in a folder: such a one may turn out to be something else. Hidden folders are
    left out. Raises UnfitError for a folder that cannot be read.
    """
    for path in paths:
        if path.is_dir():
            yield from ((found, True) for found in _in_folder(path))
        else:
            yield path, False


def _in_folder(folder: Path) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        raise UnfitError(f"{error.filename} cannot be read: {error.strerror}.") from error

    for root, folders, names in os.walk(folder, onerror=refused):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names) if by_name(name) is not None)


def content(path: Path) -> bytes:
    """Return a file's bytes. Raises UnfitError where it cannot be read or is huge."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            too_large = stat.S_ISREG(status.st_mode) and status.st_size > LARGEST
            data = b"" if too_large else file.read(LARGEST + 1)
    except OSError as error:
        raise UnfitError(f"{path} cannot be read: {error.strerror}.") from error
    if too_large or len(data) > LARGEST:
        raise UnfitError(f"{path} has more than 4 MiB; launch scripts and configurations have less.")
    return data


def read(path: Path, data: bytes) -> Document | None:
    """Return what a file says; None where it is none of verl's business.

    Raises UnfitError for one that cannot be read as text, GrammarMissingError for a shell script or a Dockerfile
    without the grammar.
    """
    if b"\0" in data[:_BEGINNING]:
        raise UnfitError(f"{path} is a binary file, not a launch script or configuration.")
    if not data.strip():
        raise UnfitError(f"{path} is empty.")
    text = whole(Source(data))
    form = format_of(path.name, text)
    if form is None:
        return None
    launches, unread = _read(form, text, path)
    return Document(path=path, format=form, data=data, launches=launches, unread=unread)


def _read(form: Format, text: Traced, path: Path) -> Reading:
    match form:
        case "shell" | "slurm":
            from verl_doctor.lint.readers import shell

            return shell.read(text)
        case "hydra":
            from verl_doctor.lint.readers import hydra

            return hydra.read(text, path.absolute().parent.name)
        case "ray-job":
            from verl_doctor.lint.readers import ray_job

            return ray_job.read(text)
        case "dockerfile":
            from verl_doctor.lint.readers import dockerfile

            return dockerfile.read(text)
        case "requirements":
            from verl_doctor.lint.readers import requirements

            return requirements.read(text)
