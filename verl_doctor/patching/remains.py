"""Whether files are still as verl-doctor left them, of a distribution that nothing describes any more."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from verl_doctor.facts.packages import normalise
from verl_doctor.host import LocalHost
from verl_doctor.patching import receipts
from verl_doctor.patching.place import Place, is_described
from verl_doctor.patching.writing import content, journal
from verl_doctor.patching.writing.change import sha256
from verl_doctor.releases.record import is_listed, parse


def is_patched(place: Place) -> bool:
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
