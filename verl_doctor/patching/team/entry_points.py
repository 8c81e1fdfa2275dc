"""The patches that distributions installed beside verl-doctor name as entry points."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import verl_doctor

if TYPE_CHECKING:
    from verl_doctor.patching.team.own import Load

GROUP: Final = "verl_doctor.patches"
"""The entry-point group; an entry point names a module with a PATCH, or a Patch."""


def installed() -> Iterator[tuple[str, Load]]:
    """Yield the entry points of our group, by distribution; of several of one name those of the first.

    importlib.metadata takes longer to load than most commands run, so it is asked only where something is to find.
    """
    files = [file for folder in folders() for file in _lists(Path(folder))]
    if not files:
        return
    from packaging.utils import canonicalize_name

    first: dict[str, Path] = {}
    for file in files:
        first.setdefault(canonicalize_name(file.parent.stem.partition("-")[0]), file)
    for name, file in sorted(first.items()):
        yield from _entry_points(name, file)


def folders() -> list[str]:
    """Return where packages installed beside verl-doctor lie.

    These are the folders that Python looks in, without those that only PYTHONPATH names and without the one that the
    user works in: both may belong to the environment that is examined, of which nothing is imported.
    """
    here = {str(Path(verl_doctor.__file__).parents[1]), *_site_packages()}
    others = {*os.environ.get("PYTHONPATH", "").split(os.pathsep), "", "."}
    with suppress(OSError):
        others.add(str(Path.cwd()))
    elsewhere = {os.path.realpath(folder) for folder in others} - {os.path.realpath(folder) for folder in here}
    return [folder for folder in sys.path if os.path.realpath(folder) not in elsewhere]


def _site_packages() -> list[str]:
    """Return the folders that this interpreter has for packages, the user's own among them where it is looked in."""
    import site

    return [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]


@cache
def _lists(folder: Path) -> tuple[Path, ...]:
    """Return the lists of entry points in a folder that name our group."""
    return tuple(file for file in sorted(folder.glob("*.*-info/entry_points.txt")) if _names_group(file))


def _names_group(file: Path) -> bool:
    try:
        return GROUP.encode() in file.read_bytes()
    except OSError:
        return False


def _entry_points(name: str, file: Path) -> Iterator[tuple[str, Load]]:
    """Yield the entry points of a distribution; one in their place where its list of them cannot be read."""
    from importlib.metadata import Distribution

    try:
        entries = sorted(Distribution.at(file.parent).entry_points.select(group=GROUP))
    except Exception as error:  # noqa: BLE001 # whatever Python's parser meets; one list must not stop the others
        yield str(file), partial(_raise, error)
    else:
        yield from ((f"{entry.value} ({name})", partial(_loaded, entry.value)) for entry in entries)


def _loaded(value: str) -> Any:
    """Return what an entry point names."""
    from importlib.metadata import EntryPoint

    path = list(sys.path)
    sys.path[:] = folders()
    try:
        return EntryPoint(name="patch", value=value, group=GROUP).load()
    finally:
        sys.path[:] = path


def _raise(error: Exception) -> Any:
    raise error
