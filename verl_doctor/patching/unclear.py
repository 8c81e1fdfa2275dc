"""Installations in which nobody can say what verl-doctor patched, so that nothing can be reverted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from verl_doctor.errors import PatchRefusedError, TargetError
from verl_doctor.facts.packages import Distribution, normalise
from verl_doctor.patching import installation, leftovers, repair
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.place import place_of
from verl_doctor.target import Target


def require_clear(target: Target, packages: Mapping[str, Distribution], patches: Iterable[Patch]) -> None:
    """Raise PatchRefusedError, or TargetError, where receipts are not to be seen or do not belong to what is there."""
    for name in sorted({patch.distribution for patch in patches} & packages.keys()):
        _require_visible(target, packages[name])
    for found in packages.values():
        twice = installation.doubled(found)
        if twice and any(place.is_touched for place in installation.places(target, found)):
            raise PatchRefusedError(f"Nothing was written: {twice}.")
    for place in leftovers.damaged(target, packages):
        found = replace(packages[normalise(place.name)], version=place.version)
        raise PatchRefusedError(
            f"Nothing was written: {place.name} {place.version} is not properly installed: {place.metadata} has "
            f"nothing that describes it, though files are there that verl-doctor patched; "
            f"{repair.reinstalled(target, found)}, then revert."
        )


def _require_visible(target: Target, found: Distribution) -> None:
    place = place_of(target, found)
    if place.is_hidden:
        raise TargetError(f"{place.metadata} cannot be read by this user, so what verl-doctor patched is not known.")
