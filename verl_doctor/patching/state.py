"""What every patch finds in the target: `patch --status`, and the fact that `check` asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.host import Host
from verl_doctor.patching import catalogue
from verl_doctor.patching.diagnosis import (
    Absent,
    Applicable,
    Applied,
    Diagnosis,
    FixedUpstream,
    Unrecognised,
    diagnose,
    era_of,
)
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.place import Place, installed, locate
from verl_doctor.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An installed file that a patch is about."""

    place: Place
    file: str
    path: Path


def states(
    host: Host, target: Target, packages: Mapping[str, Distribution], patches: Sequence[Patch] = ()
) -> dict[str, PatchState]:
    """Return the state of these patches, of all built-in ones without any, by name."""
    return {
        patch.name: state_of(patch, packages, look(host, target, packages, patch))
        for patch in patches or catalogue.built_in()
    }


def look(host: Host, target: Target, packages: Mapping[str, Distribution], patch: Patch) -> Diagnosis:
    """Return what a patch finds in its file."""
    match find(host, target, packages, patch):
        case Absent() as absent:
            return absent
        case File(place=place, path=path):
            try:
                return diagnose(patch, place.version, host.read(path))
            except OSError as error:
                reason = f"{path} cannot be read: {error.strerror}"
                return Unrecognised(reason=reason, is_affected=False)


def find(host: Host, target: Target, packages: Mapping[str, Distribution], patch: Patch) -> File | Absent:
    """Return where the file is that a patch edits."""
    place = locate(target, packages, patch.distribution)
    if place is None:
        return Absent(f"{patch.distribution} is not installed")
    file = patch.site(place.version).file
    path = place.path(host, file)
    if path is None:
        missing = f"{file} is not in {place.roots[0]}"
        return Absent(missing, is_affected=era_of(patch, place.version) == "affected")
    return File(place=place, file=file, path=path)


def state_of(patch: Patch, packages: Mapping[str, Distribution], diagnosis: Diagnosis) -> PatchState:
    """Return a diagnosis in the words of the JSON contract."""
    distribution = installed(packages, patch.distribution)
    version = distribution.version if distribution else None
    state = PatchState(
        id=patch.id,
        distribution=patch.distribution,
        version=version,
        file=patch.site(version).file,
        state="absent",
        fixed_in=patch.fixed_in,
        only_where=patch.only_where,
    )
    match diagnosis:
        case Applicable():
            return replace(state, state="applicable")
        case Applied():
            return replace(state, state="applied")
        case FixedUpstream():
            return replace(state, state="fixed-upstream")
        case Unrecognised(reason=reason):
            return replace(state, state="unrecognised", reason=reason)
        case Absent(reason):
            return replace(state, reason=reason)
