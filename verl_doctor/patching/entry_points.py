"""The patches that distributions installed beside verl-doctor name as entry points."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from verl_doctor.patching.own import Load

GROUP: Final = "verl_doctor.patches"
"""The entry-point group; an entry point names a module with a PATCH, or a Patch."""


def installed() -> Iterator[tuple[str, Load]]:
    """Yield the entry points of our group, by distribution; of several of one name those of the first.

    importlib.metadata takes longer to load than most commands run, so it is asked only where something is to find.
    """
    files = [file for folder in sys.path for file in _lists(Path(folder))]
    if not files:
        return
    from packaging.utils import canonicalize_name

    first: dict[str, Path] = {}
    for file in files:
        first.setdefault(canonicalize_name(file.parent.stem.partition("-")[0]), file)
    for name, file in sorted(first.items()):
        yield from _entry_points(name, file)


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
        yield from ((f"{entry.value} ({name})", entry.load) for entry in entries)


def _raise(error: Exception) -> Any:
    raise error
