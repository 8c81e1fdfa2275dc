"""Which release comes without the bugs that are to be patched, where everything else that is installed allows one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from packaging.version import Version

from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.patching.repair import is_published
from verl_doctor.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """A release that has none of these bugs and fits what is installed, and the command that installs it."""

    distribution: str
    version: str
    patches: tuple[str, ...]
    command: str


def offers(
    target: Target, packages: Mapping[str, Distribution], states: Mapping[str, PatchState]
) -> tuple[Upgrade, ...]:
    """Return, for each distribution with patches to apply, the release that would make the most of them needless."""
    pending: dict[str, dict[str, str]] = {}
    for name, state in states.items():
        if state.state == "applicable" and state.fixed_in and _comes_from_an_index(packages[state.distribution]):
            pending.setdefault(state.distribution, {})[name] = state.fixed_in
    found = (next(_offers(target, packages, name, fixed), None) for name, fixed in pending.items())
    return tuple(upgrade for upgrade in found if upgrade)


def _comes_from_an_index(distribution: Distribution) -> bool:
    """Say whether an index has what is installed: no checkout, whose owner knows better, and no build of one's own."""
    return distribution.editable is None and is_published(distribution.version)


def _offers(
    target: Target, packages: Mapping[str, Distribution], distribution: str, fixed: Mapping[str, str]
) -> Iterator[Upgrade]:
    """Yield the releases that would do, those that cure most bugs first."""
    from verl_doctor.fitting import nearest_release
    from verl_doctor.matrix.load import load

    versions = {name: found.version for name, found in packages.items()}
    for bound in sorted(set(fixed.values()), key=Version, reverse=True):
        release = nearest_release(load(), versions, distribution, bound, target.version or "")
        if release:
            yield Upgrade(
                distribution=distribution,
                version=release,
                patches=tuple(name for name, version in fixed.items() if Version(version) <= Version(release)),
                command=f"{target.installer} '{distribution}=={release}'",
            )
