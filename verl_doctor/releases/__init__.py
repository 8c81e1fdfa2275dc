"""Files of published releases, fetched from the package index piece by piece and kept in a cache."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from verl_doctor.errors import DoctorError
from verl_doctor.releases import cache as shelves


def fetch(distribution: str, version: str, paths: Sequence[str] | None = None, cache: Path | None = None) -> Path:
    """Return a read-only folder, laid out like site-packages, with files of a release and its dist-info.

    `paths` names the files; None means every Python file. They are fetched once, by as few range requests as
    the wheel's layout allows, and each is compared with the wheel's RECORD; after that no network is needed.
    """
    shelf = shelves.Shelf(
        cache=cache or shelves.folder(os.environ),
        distribution=distribution,
        version=version,
        paths=None if paths is None else tuple(paths),
    )
    return shelf.find() or _fill(shelf)


def metadata(distribution: str, version: str, cache: Path | None = None) -> bytes:
    """Return the METADATA of a release."""
    folder = fetch(distribution, version, (), cache)
    return next(folder.glob("*.dist-info/METADATA")).read_bytes()


def versions(distribution: str) -> tuple[str, ...]:
    """Return the versions of which the index has a wheel for Linux x86-64, the newest first, none yanked."""
    _need_extra()
    from verl_doctor.releases.index import Index

    with closing(Index(os.environ)) as index:
        return tuple(dict.fromkeys(str(wheel.version) for wheel in index.wheels(distribution)))


def _fill(shelf: shelves.Shelf) -> Path:
    _need_extra()
    from verl_doctor.releases.index import Index
    from verl_doctor.releases.wheel import open_wheel

    release = f"{shelf.distribution} {shelf.version}"
    with (
        closing(Index(os.environ)) as index,
        open_wheel(index, shelf.distribution, shelf.version) as wheel,
    ):
        names = wheel.archive.namelist()
        if absent := set(shelf.paths or ()).difference(names):
            raise DoctorError(f"{release} as published has no {', '.join(sorted(absent))}")
        contents = wheel.read([name for name in names if shelf.selects(name)])
    try:
        return shelf.store(wheel.filename, contents)
    except OSError as error:
        raise DoctorError(
            f"{release} was fetched but cannot be kept in {shelf.cache}: {error.strerror}; "
            "name a folder that can be written in VERL_DOCTOR_CACHE"
        ) from error


def _need_extra() -> None:
    try:
        import pypi_simple  # noqa: F401  # only to see that the extra is installed
    except ImportError as error:
        raise DoctorError(
            "fetching a release needs two more packages, which verl-doctor's extra 'demo' has; "
            "in its checkout, install '.[demo]'"
        ) from error
