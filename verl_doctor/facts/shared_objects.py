"""The shared objects of installed distributions, as their RECORD lists them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from verl_doctor.facts.packages import Distribution
from verl_doctor.host import Host
from verl_doctor.target import Target

RECORD_LIMIT: Final = 16 * 2**20
_DEPTH: Final = 3
_MOST_FOLDERS: Final = 400
"""How far a folder is searched that no RECORD describes: a checkout, or what conda or `setup.py install` wrote."""


def of(host: Host, target: Target, distribution: Distribution) -> tuple[str, ...]:
    """Return the paths of a distribution's shared objects."""
    place = Path(distribution.location)
    if distribution.editable is None:
        try:
            file = place / distribution.metadata / "RECORD"
            record = host.read(file, min(host.size(file), RECORD_LIMIT))
        except OSError:
            pass
        else:
            return tuple(f"{place}/{name}" for name in _listed(record))
    top = target.outside(distribution.editable) if distribution.editable else place
    return tuple(_below(host, top / distribution.name.replace("-", "_")))


def is_shared_object(name: str) -> bool:
    """Say whether a file of this name is one: libc10.so, libcudart.so.12, _C.abi3.so."""
    return name.endswith(".so") or ".so." in name


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
