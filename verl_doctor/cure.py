"""What the facts would be after a cure: it tells causes from consequences, and whether a cure cures."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from verl_doctor.facts.binaries import Extension, Linked
from verl_doctor.facts.imports import Import
from verl_doctor.facts.packages import NAMED, Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.torch import Torch
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import exact, satisfies
from verl_doctor.model import Remedy, Unavailable
from verl_doctor.reinstall import is_forced


def after(remedy: Remedy, facts: Facts, matrix: Matrix) -> Facts:
    """Return the facts as they would be once the remedy's commands have been run."""
    torch = _replaced_torch(facts, remedy)
    if not isinstance(facts.packages, Unavailable):
        installed = dict(facts.packages)
        for name, version in remedy.pins:
            installed[name] = _installed(facts, installed.get(name), name, version, matrix)
        for name, version in _brought(remedy.pins, installed, matrix).items():
            installed[name] = _installed(facts, None, name, version, matrix)
        facts = _repaired(facts, remedy)
        facts = replace(facts, packages=installed, binaries=_refitted(facts, remedy, installed))
    if remedy.pins and not isinstance(facts.imports, Unavailable):
        facts = replace(facts, imports=_still_seen(facts.imports, remedy.pins))
    if torch is not None:
        facts = replace(facts, torch=_torch(torch, facts, matrix))
    if remedy.patch is not None and not isinstance(facts.patches, Unavailable):
        facts = replace(facts, patches=_applied(facts.patches, remedy.patch))
    return facts


def _replaced_torch(facts: Facts, remedy: Remedy) -> str | None:
    """Return the torch that is installed anew, None for none: an installer leaves alone what has its version."""
    torch = dict(remedy.pins).get("torch")
    installed = None if isinstance(facts.packages, Unavailable) else facts.packages.get("torch")
    is_there = installed is not None and installed.version == torch
    return None if is_there and not any(map(is_forced, remedy.commands)) else torch


def _repaired(facts: Facts, remedy: Remedy) -> Facts:
    """Return the facts with the files of what is installed again: an installer leaves alone what has its version."""
    if isinstance(facts.damage, Unavailable) or isinstance(facts.packages, Unavailable):
        return facts
    is_again = any(map(is_forced, remedy.commands))
    back = {
        name: facts.damage[name]
        for name, version in remedy.pins
        if name in facts.damage and (is_again or facts.packages[name].version != version)
    }
    damage = {name: damage for name, damage in facts.damage.items() if name not in back}
    files = {file.rpartition("/")[2] for damage in back.values() for file in damage.gone}
    if not files or isinstance(facts.binaries, Unavailable):
        return replace(facts, damage=damage)
    binaries = {
        key: replace(linked, extensions={path: _with(e, files) for path, e in linked.extensions.items()})
        for key, linked in facts.binaries.items()
    }
    return replace(facts, damage=damage, binaries=binaries)


def _with(extension: Extension | Unavailable, files: Collection[str]) -> Extension | Unavailable:
    """Return an extension that finds these libraries."""
    if isinstance(extension, Unavailable):
        return extension
    return replace(extension, absent=tuple(name for name in extension.absent if name not in files))


def _refitted(
    facts: Facts, remedy: Remedy, installed: Mapping[str, Distribution]
) -> Mapping[str, Linked] | Unavailable:
    """Return the extensions after an installation: what was replaced fits, and so does what requires this torch.

    A distribution that names no torch was built for some torch that was here before; it gets the benefit of the doubt.
    """
    if isinstance(facts.binaries, Unavailable):
        return facts.binaries
    pins = dict(remedy.pins)
    torch = pins.get("torch")
    return {
        key: replace(linked, extensions={path: _fitting(e, key in pins) for path, e in linked.extensions.items()})
        if key in pins or (torch and _allows(linked, torch))
        else linked
        for key, linked in facts.binaries.items()
        if key in installed
    }


def _allows(linked: Linked, torch: str) -> bool:
    """Say whether nothing in a distribution's requirements speaks against a torch release."""
    pins = (re.sub(r"^torch\s*\(?|\)?\s*(;.*)?$", "", line) for line in linked.requires)
    stated = [pin.partition("+")[0] for pin in pins if pin]
    return not stated or any(satisfies(torch, pin) for pin in stated)


def _fitting(extension: Extension | Unavailable, is_replaced: bool) -> Extension | Unavailable:
    if is_replaced:
        return Extension(needs=0)
    return extension if isinstance(extension, Unavailable) else replace(extension, missing=(), absent=())


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
    if isinstance(facts.torch, Torch) and facts.torch.version == version:
        return facts.torch
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
