"""The shared objects of installed distributions: what their RECORD lists, and what of it is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.host import Host
from verl_doctor.target import Target

DEADLINE: Final = 10.0
RECORD_LIMIT: Final = 16 * 2**20
_DEPTH: Final = 3
_MOST_FOLDERS: Final = 400
"""How far a folder is searched that no RECORD describes: a checkout, or what conda or `setup.py install` wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedObjects:
    """The paths of a distribution's shared objects that are there, and the names of those that RECORD alone has.

    `shorter` names those that are there, but smaller than RECORD says: stripped, or cut short.
    """

    there: tuple[str, ...]
    gone: tuple[str, ...] = ()
    shorter: tuple[str, ...] = ()


def collect(host: Host, target: Target, packages: Mapping[str, Distribution]) -> dict[str, SharedObjects]:
    """Return the shared objects of the distributions that have or had any, by normalised name."""
    found = {key: of(host, target, distribution) for key, distribution in packages.items()}
    return {key: objects for key, objects in found.items() if objects.there or objects.gone}


def of(host: Host, target: Target, distribution: Distribution) -> SharedObjects:
    """Return a distribution's shared objects."""
    place = distribution.location
    if distribution.editable is None:
        file = Path(f"{place}/{distribution.metadata}/RECORD")
        try:
            record = host.read(file, min(host.size(file), RECORD_LIMIT))
        except OSError:
            pass
        else:
            return _sought(host, target, place, _listed(record))
    top = target.outside(distribution.editable) if distribution.editable else Path(place)
    return SharedObjects(there=tuple(_below(host, top / distribution.name.replace("-", "_"))))


def is_shared_object(name: str) -> bool:
    """Say whether a file of this name is one: libc10.so, libcudart.so.12, _C.abi3.so."""
    return name.endswith(".so") or ".so." in name


def _sought(host: Host, target: Target, place: str, listed: Iterable[tuple[str, int]]) -> SharedObjects:
    there, gone, shorter = [], [], []
    for name, least in listed:
        path = f"{place}/{name}"
        size = _size(host, Path(path))
        if size is not None:
            there.append(path)
            if size < least:
                shorter.append(name)
        elif not _is_elsewhere(host, target, name):
            gone.append(name)
    return SharedObjects(there=tuple(there), gone=tuple(gone), shorter=tuple(shorter))


def is_gone(host: Host, file: Path) -> bool:
    """Say whether there is no such file."""
    return _size(host, file) is None


def _size(host: Host, file: Path) -> float | None:
    """Return the size of a file, None where there is none; one that may not be seen can be there, of any size."""
    try:
        return host.size(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return inf


def _is_elsewhere(host: Host, target: Target, name: str) -> bool:
    """Say whether a file lies outside the packages, or where conda moves libraries to after RECORD was written."""
    is_outside = name.startswith(("/", "../"))
    return is_outside or (target.kind == "conda" and host.is_file(Path(target.prefix, "lib", name.rpartition("/")[2])))


def _listed(record: bytes) -> Iterator[tuple[str, int]]:
    """Yield the shared objects in a RECORD, with their sizes, 0 where it tells none.

    Most have no shared objects, so that the lines are not even split.
    """
    at = record.find(b".so")
    while at >= 0:
        start = record.rfind(b"\n", 0, at) + 1
        end = record.find(b"\n", at)
        entry = record[start : end if end >= 0 else None]
        head, comma, tail = entry.partition(b",") if entry[:1] != b'"' else entry[1:].partition(b'",')
        name = head.decode("utf-8", "replace")
        if comma and is_shared_object(name.rpartition("/")[2]):
            size = tail.rpartition(b",")[2].strip()
            yield name, int(size) if size.isdigit() else 0
        if end < 0:
            return
        at = record.find(b".so", end)


def _below(host: Host, top: Path) -> Iterator[str]:
    folders = [(top, 0)]
    for folder, depth in folders:
        try:
            names = host.names(folder)
        except OSError:
            continue
        for name in names:
            if is_shared_object(name):
                yield f"{folder}/{name}"
            elif "." not in name and depth < _DEPTH and len(folders) < _MOST_FOLDERS:
                folders.append((folder / name, depth + 1))
