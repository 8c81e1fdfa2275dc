"""What is left of ours where the distribution was uninstalled or upgraded, and where only its metadata is gone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from verl_doctor.errors import PatchRefusedError, WriteFailedError
from verl_doctor.facts.packages import Copy, Distribution, normalise, with_origin
from verl_doctor.host import LocalHost
from verl_doctor.patching import receipts
from verl_doctor.patching.place import LEASE, Place, installed, is_described, locate_all, place_of
from verl_doctor.patching.writing import content, journal
from verl_doctor.patching.writing.change import sha256
from verl_doctor.patching.writing.disk import Disk
from verl_doctor.releases.record import is_listed, parse
from verl_doctor.target import Target


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
    found = (place for place in interrupted(target, packages) if place.is_installed)
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
    """Say whether a file is as verl-doctor left it, and does not belong to another installation as it is."""
    listings = tuple(_listings(place))
    for path, digest in _written(place):
        found = content.read(LocalHost(), path)
        if found is not None and sha256(found) == digest:
            name = os.path.relpath(path, place.metadata.parent)
            if not any(is_listed(listing, name, found) for listing in listings):
                return True
    return False


def _written(place: Place) -> Iterator[tuple[Path, str]]:
    """Yield the files that were changed, with the digests that they had then."""
    for receipt in receipts.read(LocalHost(), place).receipts.values():
        path = place.path(LocalHost(), receipt.file)
        if path:
            yield path, receipt.sha256_after
    note = journal.read(place.journal)
    if note and note.status == "exchanging":
        for entry in note.entries:
            if entry.new and not entry.path.is_relative_to(place.metadata):
                yield entry.path, entry.new


def _listings(place: Place) -> Iterator[Mapping[str, str]]:
    """Yield what the other installations of a distribution in the same folder list as theirs."""
    for folder in place.metadata.parent.iterdir():
        is_of_it = folder.suffix == ".dist-info" and normalise(folder.name.partition("-")[0]) == normalise(place.name)
        if is_of_it and folder != place.metadata and is_described(folder):
            listing = receipts.listing(LocalHost(), replace(place, metadata=folder))
            yield parse((listing or b"").decode("utf-8", "surrogateescape"))
