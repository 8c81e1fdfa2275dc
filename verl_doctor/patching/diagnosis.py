"""From a file's content and the installed version to what a patch has to do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from packaging.version import InvalidVersion, Version

from verl_doctor.patching import known
from verl_doctor.patching.patch import After, Before, Patch, Unaffected, Unfamiliar


@dataclass(frozen=True, slots=True)
class Applicable:
    """The bug is there and can be removed."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A release with the bug, and its code no longer has it."""


@dataclass(frozen=True, slots=True)
class FixedUpstream:
    """A release that came without the bug."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecognised:
    """The patch does not know this code. `is_affected` says whether the release is one that came with the bug."""

    reason: str
    is_affected: bool


@dataclass(frozen=True, slots=True)
class Absent:
    """There is nothing to patch: no such file, or a release from before the bug.

    `is_affected` says whether the release came with the file, and with the bug.
    """

    reason: str
    is_affected: bool = False


Diagnosis = Applicable | Applied | FixedUpstream | Unrecognised | Absent
Era = Literal["earlier", "affected", "development", "later"]


def diagnose(patch: Patch, version: str, source: bytes) -> Diagnosis:
    """Return what the patch has to do in a file with this content of an installed release."""
    era = era_of(patch, version)
    match era:
        case None:
            return _not_affected(f"{patch.distribution} calls its version {version!r}, which is no version")
        case "earlier" if Version(version).is_devrelease:  # a checkout without tags calls itself 0.1.dev1
            return _not_affected(outside(patch, version))
        case "earlier":
            return Absent(outside(patch, version))
        case "later" if not patch.trace.search(source):
            return FixedUpstream()
        case "affected" | "development" | "later":
            return _by_structure(patch, version, era, _structure(patch, version, source))


def _by_structure(patch: Patch, version: str, era: Era, structure: known.Word | Unfamiliar) -> Diagnosis:
    match structure:
        case "before" if era == "later":
            return _not_affected(f"{outside(patch, version)}, but has the same code")
        case "before":
            return Applicable()
        case "after":
            return Applied() if era == "affected" else FixedUpstream()
        case "unaffected":
            return FixedUpstream()
        case Unfamiliar(reason):
            return Unrecognised(reason=reason, is_affected=era != "later")


def era_of(patch: Patch, version: str) -> Era | None:
    """Say where a version stands: before the bug, with it, on the way to the release without it, or after.

    None for a version that cannot be compared. A development build of the release that fixed the bug may or may
    not have the fix.
    """
    try:
        installed = Version(version)
    except InvalidVersion:
        return None
    if installed < Version(patch.since):
        return "earlier"
    if patch.fixed_in is None:
        return "affected"
    fixed = Version(patch.fixed_in)
    if installed >= fixed:
        return "later"
    is_on_the_way = installed.is_prerelease and (installed.release, installed.post) == (fixed.release, fixed.post)
    return "development" if is_on_the_way else "affected"


def _not_affected(reason: str) -> Unrecognised:
    return Unrecognised(reason=reason, is_affected=False)


def outside(patch: Patch, version: str) -> str:
    """Say that a version is none that comes with the bug."""
    return f"{patch.distribution} {version} is outside {patch.versions}"


def _structure(patch: Patch, version: str, source: bytes) -> known.Word | Unfamiliar:
    remembered = known.structure(patch.name, source)
    if remembered:
        return remembered
    from verl_doctor.patching.structure import examine

    match examine(patch, source, version):
        case Before():
            return "before"
        case After():
            return "after"
        case Unaffected():
            return "unaffected"
        case Unfamiliar() as unfamiliar:
            return unfamiliar
