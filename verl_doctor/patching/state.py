"""What every patch finds in the target: `patch --status`, and the fact that `check` asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.host import Host
from verl_doctor.patching import catalogue, installation
from verl_doctor.patching.diagnosis import (
    Absent,
    Applicable,
    Applied,
    Diagnosis,
    FixedUpstream,
    Unrecognised,
    diagnose,
    era_of,
    outside,
)
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.place import Place, installed, locate
from verl_doctor.patching.team.listing import objection
from verl_doctor.patching.writing import content
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
                return diagnose(patch, place.version, content.whole(host, path))
            except OSError as error:
                reason = f"{path} cannot be read: {error.strerror}"
                return Unrecognised(reason=reason, is_affected=_comes_with_the_bug(patch, place.version))


def find(host: Host, target: Target, packages: Mapping[str, Distribution], patch: Patch) -> File | Absent:
    """Return where the file is that a patch edits, even if it cannot be read."""
    if flaw := installation.flaw(host, target, packages, patch):
        return Absent(flaw, is_affected=True)
    place = locate(target, packages, patch.distribution)
    if place is None:
        return Absent(f"{patch.distribution} is not installed")
    if wrong := objection(host, place, packages, patch):
        return Absent(wrong, is_affected=_comes_with_the_bug(patch, place.version))
    file = patch.site(place.version).file
    path = place.path(host, file) or _hidden(host, place, file)
    return File(place=place, file=file, path=path) if path else _missing(patch, place, file)


def _missing(patch: Patch, place: Place, file: str) -> Absent:
    """Say what it means that a file is not there."""
    if era_of(patch, place.version) in ("earlier", "later"):
        return Absent(outside(patch, place.version))
    missing = f"{file} is not in {place.roots[0]}"
    if _comes_with_the_bug(patch, place.version):
        return Absent(
            f"{missing}, though {place.name} {place.version} comes with it: the installation is broken",
            is_affected=True,
        )
    return Absent(missing)


def _hidden(host: Host, place: Place, file: str) -> Path | None:
    """Return where a file may be that cannot be seen, such as below a folder that this user may not read."""
    for path in (root / file for root in place.roots):
        try:
            host.size(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return path
    return None


def _comes_with_the_bug(patch: Patch, version: str) -> bool:
    return era_of(patch, version) == "affected"


def state_of(patch: Patch, packages: Mapping[str, Distribution], diagnosis: Diagnosis) -> PatchState:
    """Return a diagnosis in the words of the JSON contract."""
    distribution = installed(packages, patch.distribution)
    if distribution is None and isinstance(diagnosis, Absent) and diagnosis.is_affected:
        distribution = packages.get(patch.distribution)  # its code is there, only what describes it is not
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
        case Unrecognised(reason=reason, is_affected=is_affected):
            return replace(state, state="unrecognised", reason=reason, is_affected=is_affected)
        case Absent(reason, is_affected):
            return replace(state, reason=reason, is_affected=is_affected)
