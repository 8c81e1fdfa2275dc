"""Why a distribution cannot be patched: nothing describes it, it lies in one folder twice, or something hides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from verl_doctor.facts.packages import Distribution
from verl_doctor.host import Host
from verl_doctor.patching import repair
from verl_doctor.patching.diagnosis import era_of
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.place import Place, installed, is_described, place_of
from verl_doctor.target import Target


def flaw(host: Host, target: Target, packages: Mapping[str, Distribution], patch: Patch) -> str | None:
    """Return what keeps a release that may have the bug from being patched; None where nothing does."""
    found = packages.get(patch.distribution)
    if found is None:
        return None
    place = place_of(target, found)
    if not _may_have(patch, [found.version, *(other.version for other in _others(found))]):
        return None
    if installed(packages, patch.distribution):
        return doubled(found) or _hidden_by(host, target, place, patch)
    return _undescribed(host, target, found, patch) if found.broken else None


def doubled(found: Distribution) -> str | None:
    """Return what to say of a distribution that lies in one folder in several versions; None for any other."""
    versions = dict.fromkeys((found.version, *(other.version for other in _others(found))))
    if len(versions) == 1:
        return None
    return (
        f"{found.name} lies in {found.location} more than once, as {' and as '.join(versions)}, so that nobody can say "
        "which of them its code is; remove all these metadata folders, then install the version that is wanted"
    )


def places(target: Target, found: Distribution) -> Sequence[Place]:
    """Return where a distribution is, each time that it lies in its folder."""
    return tuple(place_of(target, each) for each in (found, *_others(found)))


def _others(found: Distribution) -> tuple[Distribution, ...]:
    """Return what else describes the distribution in the same folder."""
    return tuple(
        Distribution(name=found.name, version=copy.version, location=copy.location, metadata=copy.metadata)
        for copy in found.copies
        if copy.location == found.location and is_described(Path(copy.location, copy.metadata))
    )


def _may_have(patch: Patch, versions: Sequence[str]) -> bool:
    return any(era_of(patch, version) not in ("earlier", "later") for version in versions)


def _undescribed(host: Host, target: Target, found: Distribution, patch: Patch) -> str | None:
    """Return what to say of a distribution whose code is there although its metadata is not."""
    place = place_of(target, found)
    if place.path(host, patch.site(found.version).file) is None:
        return None
    if place.is_hidden:
        return f"{place.metadata} cannot be read by this user"
    return (
        f"{found.name} {found.version} is not properly installed: {found.broken}, though its code is there; "
        f"{repair.reinstalled(target, found)}"
    )


def _hidden_by(host: Host, target: Target, place: Place, patch: Patch) -> str | None:
    """Return what to say of code that is found before that of the distribution, and that nothing describes."""
    file = patch.site(place.version).file
    package = Path(file).parts[0]
    location = place.metadata.parent
    if place.checkout or str(location) not in target.search_path:
        return None
    folders = [*map(Path, target.search_path[: target.search_path.index(str(location))]), location]
    names = (f"{package}/__init__.py", file)  # only where no package has the first, the folders are searched for more
    first = next((folder for name in names for folder in folders if host.is_file(folder / name)), location)
    if host.real(first / package) == host.real(location / package):
        return None
    return (
        f"{first / package} hides {place.name} {place.version} in {location}, and no metadata says what it is; "
        f"take {first} off PYTHONPATH, or install it as editable"
    )
