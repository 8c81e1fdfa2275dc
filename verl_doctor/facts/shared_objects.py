"""The shared objects of installed distributions: what their RECORD lists, and what of it is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    """The paths of a distribution's shared objects that are there, and the names of those that RECORD alone has."""

    there: tuple[str, ...]
    gone: tuple[str, ...] = ()


def collect(host: Host, target: Target, packages: Mapping[str, Distribution]) -> dict[str, SharedObjects]:
    """Return the shared objects of the distributions that have or had any, by normalised name."""
    found = {key: of(host, target, distribution) for key, distribution in packages.items()}
    return {key: objects for key, objects in found.items() if objects.there or objects.gone}


def of(host: Host, target: Target, distribution: Distribution) -> SharedObjects:
    """Return a distribution's shared objects."""
    place = Path(distribution.location)
    if distribution.editable is None:
        try:
            file = place / distribution.metadata / "RECORD"
            record = host.read(file, min(host.size(file), RECORD_LIMIT))
        except OSError:
            pass
        else:
            return _sought(host, target, place, tuple(_listed(record)))
    top = target.outside(distribution.editable) if distribution.editable else place
    return SharedObjects(there=tuple(_below(host, top / distribution.name.replace("-", "_"))))


def is_shared_object(name: str) -> bool:
    """Say whether a file of this name is one: libc10.so, libcudart.so.12, _C.abi3.so."""
    return name.endswith(".so") or ".so." in name


def _sought(host: Host, target: Target, place: Path, names: tuple[str, ...]) -> SharedObjects:
    gone = [name for name in names if is_gone(host, place / name)]
    return SharedObjects(
        there=tuple(f"{place}/{name}" for name in names if name not in gone),
        gone=tuple(name for name in gone if not _is_elsewhere(host, target, name)),
    )


def is_gone(host: Host, file: Path) -> bool:
    """Say whether there is no such file; one that may not be seen can be there."""
    try:
        host.size(file)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _is_elsewhere(host: Host, target: Target, name: str) -> bool:
    """Say whether a file lies outside the packages, or where conda moves libraries to after RECORD was written."""
    is_outside = name.startswith(("/", "../"))
    return is_outside or (target.kind == "conda" and host.is_file(Path(target.prefix, "lib", name.rpartition("/")[2])))


def _listed(record: bytes) -> Iterator[str]:
    """Yield the shared objects in a RECORD; most have none, so that its lines are not even split."""
    at = record.find(b".so")
    while at >= 0:
        start = record.rfind(b"\n", 0, at) + 1
        end = record.find(b",", at)
        if end < 0:
            return
        name = record[start:end].decode("utf-8", "replace").lstrip('"').rstrip('"')
        if "\n" not in name and is_shared_object(name.rpartition("/")[2]):
            yield name
        at = record.find(b".so", max(end, at + 3))


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
