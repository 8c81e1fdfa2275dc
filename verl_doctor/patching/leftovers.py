"""What is left of ours where the distribution was uninstalled or upgraded, and where only its metadata is gone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from verl_doctor.errors import PatchRefusedError, WriteFailedError
from verl_doctor.facts.packages import Copy, Distribution, with_origin
from verl_doctor.host import LocalHost
from verl_doctor.patching.place import LEASE, Place, installed, locate_all, place_of
from verl_doctor.target import Target

if TYPE_CHECKING:
    from verl_doctor.patching.writing.disk import Disk


def find(target: Target, packages: Mapping[str, Distribution]) -> tuple[Place, ...]:
    """Return the metadata folders with something of ours in them that are not those of installed distributions."""
    return tuple(place for place in _others(target, packages) if place.is_installed or not _is_patched(place))


def damaged(target: Target, packages: Mapping[str, Distribution]) -> tuple[Place, ...]:
    """Return the distributions that are not described any more, though files are there as verl-doctor patched them."""
    return tuple(place for place in _others(target, packages) if not place.is_installed and _is_patched(place))


def interrupted(target: Target, packages: Mapping[str, Distribution]) -> tuple[Place, ...]:
    """Return where a run was interrupted or something is left over; the next one that writes brings it to an end."""
    return (*(place for place in locate_all(target, packages, ()) if place.is_interrupted), *find(target, packages))


def told(place: Place) -> str:
    """Return the sentence about a run that was interrupted, or about what is left over."""
    if place.is_installed:
        return f"A run that changed {place.name} {place.version} was interrupted; the next --apply or --revert ends it."
    return (
        f"{place.metadata} is left over from {place.name} {place.version}, which is not installed any more; "
        "the next --apply or --revert removes what verl-doctor kept there."
    )


def undone(target: Target, packages: Mapping[str, Distribution]) -> tuple[Place, ...]:
    """Return the distributions in which the next run that writes first puts files back."""
    found = [place for place in interrupted(target, packages) if place.is_installed]
    if not found:
        return ()
    from verl_doctor.patching.writing import journal

    notes = {place: journal.read(place.journal) for place in found}
    return tuple(place for place, note in notes.items() if note and note.status == "exchanging")


def require_finished(target: Target, packages: Mapping[str, Distribution]) -> None:
    """Raise PatchRefusedError where the files are not those that the next run would start from."""
    for place in undone(target, packages):
        raise PatchRefusedError(
            f"What would change cannot be said: a run that changed {place.name} {place.version} was interrupted, and "
            "the next --apply or --revert first undoes it."
        )


def clear(place: Place, disk: Disk) -> None:
    """Remove what is left of a distribution that is not installed.

    Raises PatchRefusedError where files are still patched, and WriteFailedError where something cannot be removed.
    """
    if _is_patched(place):
        raise PatchRefusedError(
            f"Nothing was removed: {place.metadata} does not describe {place.name} {place.version} any more, but files "
            "are there that verl-doctor patched. Wait until nothing installs or uninstalls it, or install it again."
        )
    try:
        for file in sorted(place.store.iterdir()) if place.store.is_dir() else ():
            disk.remove(file)
        disk.remove_folder(place.store)
        disk.remove(place.metadata / LEASE)
        disk.remove_folder(place.metadata)
    except OSError as error:
        raise WriteFailedError(
            f"{place.metadata}, left over from {place.name} {place.version}, cannot be removed: {error.strerror}."
        ) from error


def _others(target: Target, packages: Mapping[str, Distribution]) -> Iterator[Place]:
    """Yield what a run has to see to beside what is installed; a second installation keeps its receipts."""
    for name, found in packages.items():
        first = Copy(version=found.version, location=found.location, metadata=found.metadata)
        for copy in found.copies if installed(packages, name) else (first, *found.copies):
            distribution = Distribution(
                name=found.name, version=copy.version, location=copy.location, metadata=copy.metadata
            )
            place = place_of(target, distribution)
            if place.is_interrupted or (place.is_touched and not place.is_installed):
                yield place_of(target, with_origin(LocalHost(), target, distribution))


def _is_patched(place: Place) -> bool:
    from verl_doctor.patching.remains import is_patched  # what it loads few runs need

    return is_patched(place)
