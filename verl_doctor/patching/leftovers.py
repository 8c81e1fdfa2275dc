"""What an interrupted run leaves where the distribution was uninstalled or upgraded before the next run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from verl_doctor.errors import PatchRefusedError, WriteFailedError
from verl_doctor.facts.packages import Copy, Distribution
from verl_doctor.patching import journal
from verl_doctor.patching.disk import Disk
from verl_doctor.patching.place import Place, installed, locate_all
from verl_doctor.target import Target


def find(target: Target, packages: Mapping[str, Distribution]) -> tuple[Place, ...]:
    """Return the metadata folders with something of ours in them that are not those of installed distributions."""
    return tuple(place for name in packages for place in _places(target, packages, name) if _is_left(place))


def interrupted(target: Target, packages: Mapping[str, Distribution]) -> tuple[Place, ...]:
    """Return the distributions in which a run was interrupted; the next one that writes brings it to an end."""
    return (*(place for place in locate_all(target, packages, ()) if place.is_interrupted), *find(target, packages))


def undone(target: Target, packages: Mapping[str, Distribution]) -> tuple[Place, ...]:
    """Return the distributions in which the next run that writes first puts files back."""
    notes = {place: journal.read(place.journal) for place in interrupted(target, packages)}
    return tuple(place for place, note in notes.items() if note and note.status == "exchanging")


def require_finished(target: Target, packages: Mapping[str, Distribution]) -> None:
    """Raise PatchRefusedError where the files are not those that the next run would start from."""
    for place in undone(target, packages):
        raise PatchRefusedError(
            f"What would change cannot be said: a run that changed {place.name} {place.version} was interrupted, and "
            "the next --apply or --revert first undoes it."
        )


def clear(place: Place, disk: Disk) -> None:
    """Remove what is left of a distribution that is not installed. Raises WriteFailedError where that cannot be."""
    try:
        for file in sorted(place.store.iterdir()) if place.store.is_dir() else ():
            disk.remove(file)
        disk.remove_folder(place.store)
        disk.remove_folder(place.metadata)
    except OSError as error:
        raise WriteFailedError(
            f"{place.metadata}, left over from {place.name} {place.version}, cannot be removed: {error.strerror}."
        ) from error


def _places(target: Target, packages: Mapping[str, Distribution], name: str) -> Iterator[Place]:
    found = packages[name]
    first = Copy(version=found.version, location=found.location, metadata=found.metadata)
    for copy in found.copies if installed(packages, name) else (first, *found.copies):
        location = Path(copy.location)
        yield Place(
            name=found.name,
            version=copy.version,
            roots=(location,),
            metadata=location / copy.metadata,
            image=Path(target.root),
        )


def _is_left(place: Place) -> bool:
    """Say whether a run has to see to a place; a second installation keeps its receipts."""
    return place.is_interrupted or (place.is_touched and not place.is_installed)
