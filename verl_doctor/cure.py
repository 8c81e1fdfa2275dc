"""What the facts would be after a cure: it tells causes from consequences, and whether a cure cures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from verl_doctor.facts.imports import Import
from verl_doctor.facts.packages import NAMED, Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import exact, satisfies
from verl_doctor.model import Remedy, Unavailable


def after(remedy: Remedy, facts: Facts, matrix: Matrix) -> Facts:
    """Return the facts as they would be once the remedy's commands have been run."""
    if not isinstance(facts.packages, Unavailable):
        installed = dict(facts.packages)
        for name, version in remedy.pins:
            installed[name] = _installed(facts, installed.get(name), name, version, matrix)
        for name, version in _brought(remedy.pins, installed, matrix).items():
            installed[name] = _installed(facts, None, name, version, matrix)
        facts = replace(facts, packages=installed)
    if remedy.pins and not isinstance(facts.imports, Unavailable):
        facts = replace(facts, imports=_still_seen(facts.imports, remedy.pins))
    torch = dict(remedy.pins).get("torch")
    if torch is not None:
        facts = replace(facts, torch=_torch(torch, facts, matrix))
    if remedy.patch is not None and not isinstance(facts.patches, Unavailable):
        facts = replace(facts, patches=_applied(facts.patches, remedy.patch))
    return facts


def _still_seen(imports: Mapping[str, Import], pins: tuple[tuple[str, str], ...]) -> dict[str, Import]:
    """Return the imports without those that failed for something that another version may cure."""
    return {
        name: seen
        for name, seen in imports.items()
        if seen.outcome == "works" or not any(seen.is_about(changed) for changed, _ in pins)
    }


def _brought(
    pins: tuple[tuple[str, str], ...], installed: Mapping[str, Distribution], matrix: Matrix
) -> dict[str, str]:
    """Return what an installer brings along: what the new releases require and nothing installed provides."""
    return {
        # A version that is not known, "", satisfies nothing and breaks nothing.
        name: exact(specifier) or next((v for v in matrix.named(name) if satisfies(v, specifier)), "")
        for pin in pins
        if pin[0] in NAMED
        for name, specifier in (matrix.requires(*pin) or {}).items()
        if name not in installed
    }


def _installed(facts: Facts, current: Distribution | None, name: str, version: str, matrix: Matrix) -> Distribution:
    """Return the distribution as an installer would leave it, with the requirements that the matrix knows."""
    requires = matrix.requires(name, version) if name in NAMED else None
    described = current or Distribution(
        name=name,
        version=version,
        location=facts.target.search_path[0] if facts.target.search_path else facts.target.prefix,
        metadata=f"{name}-{version}.dist-info",
    )
    return replace(
        described,
        version=version,
        requires=tuple(f"{key}{specifier}" for key, specifier in requires.items()) if requires else None,
        requires_python=None,
        copies=(),
        broken=None,
    )


def _torch(version: str, facts: Facts, matrix: Matrix) -> Torch | Unavailable:
    build = matrix.torch_build(version)
    if build is None:
        return Unavailable(f"torch {version} is not in the matrix")
    location = facts.torch.location if isinstance(facts.torch, Torch) else "torch"
    return Torch(version=version, flavour="cuda", location=location, cuda=build.cuda, archs=build.archs)


def _applied(states: Mapping[str, PatchState], named: str) -> dict[str, PatchState]:
    """Return the states after `verl-doctor patch --apply`, with the name of a patch that is applied only by name."""
    return {
        name: replace(state, state="applied")
        if state.state == "applicable" and (name == named or not state.only_where)
        else state
        for name, state in states.items()
    }
