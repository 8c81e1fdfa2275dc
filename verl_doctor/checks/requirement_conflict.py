"""An installed verl, vLLM or tensordict requires a version of a package that is not the one installed.

Their published metadata says which versions they were made for. pip installs over such a requirement with only
a warning, uv does not warn at all, and the break shows later as an ImportError or a changed behaviour.

See it: `uv pip check` or `pip check`. Cure it: install a version inside the required range, or another release
of the package that requires it. Where a known failure says more precisely what breaks, that one is shown instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from verl_doctor.facts.packages import Distribution, normalise
from verl_doctor.facts.python import Python
from verl_doctor.fitting import fitting_release, unbroken
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.model import Finding, Layer, Remedy, Severity, Source
from verl_doctor.target import Target

ID: Final = "VD023"
NAME: Final = "requirement-conflict"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.COMPANION


@dataclass(frozen=True, slots=True)
class Required:
    """A requirement that holds for this Python: the distribution's normalised name and its version specifier."""

    key: str
    specifier: str


def requirements(distribution: Distribution, python: Python) -> tuple[Required, ...]:
    """Return the requirements of a distribution itself (not of its extras) whose markers hold for this Python."""
    return _parse(distribution.requires or (), python.version, python.machine)


@cache
def _parse(lines: tuple[str, ...], python: str, machine: str) -> tuple[Required, ...]:
    """Parse requirements once for all checks that compare them, and for every cure that is tried."""
    from packaging.requirements import InvalidRequirement, Requirement

    environment = {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": python,
        "platform_machine": machine,
        "extra": "",
    }
    found = []
    for line in lines:
        if "extra" in line.partition(";")[2]:
            continue
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if requirement.marker is None or requirement.marker.evaluate(environment):
            found.append(Required(normalise(requirement.name), str(requirement.specifier)))
    return tuple(found)


def ask(target: Target, python: Python, packages: Mapping[str, Distribution], matrix: Matrix) -> Iterator[Finding]:
    """Yield a finding for each requirement that the installed version breaks."""
    for distribution in packages.values():
        if distribution.requires is None:
            continue
        wanted_python = distribution.requires_python
        if wanted_python and satisfies(python.version, wanted_python) is False:
            yield _wrong_python(distribution, wanted_python, python)
        for required in requirements(distribution, python):
            installed = packages.get(required.key)
            if installed and not installed.broken and satisfies(installed.version, required.specifier) is False:
                yield conflict(target, python, packages, distribution, required, matrix)


def conflict(
    target: Target,
    python: Python,
    packages: Mapping[str, Distribution],
    distribution: Distribution,
    required: Required,
    matrix: Matrix,
) -> Finding:
    """Return the finding that an installed version breaks a requirement, with a release that keeps it."""
    installed = packages[required.key]
    return Finding(
        message=f"{distribution.name} {distribution.version} requires {required.key}{required.specifier}, "
        f"but {installed.version} is installed.",
        remedy=_remedy(target, python, packages, distribution, required, matrix),
        evidence=(
            f"{distribution.location}/{distribution.metadata}",
            f"{installed.location}/{installed.metadata}",
        ),
        sources=(_metadata(distribution),),
        about=frozenset({normalise(distribution.name), required.key}),
    )


def _remedy(
    target: Target,
    python: Python,
    packages: Mapping[str, Distribution],
    distribution: Distribution,
    required: Required,
    matrix: Matrix,
) -> Remedy:
    """Return the remedy: a version of what is required, else of what requires it, that suits all that is installed."""
    versions = {name: each.version for name, each in packages.items()}
    own = normalise(distribution.name)
    for name in (required.key, own):
        demands = [
            r.specifier
            for each in packages.values()
            for r in requirements(each, python)
            if r.key == name and r.specifier
        ]
        if version := fitting_release(matrix, versions, name, demands, python.version):
            return Remedy(
                text=f"Install the {name} that fits what else is installed.",
                commands=(f"{target.installer} '{name}=={version}'",),
                pins=((name, version),),
            )
    specifier = unbroken(matrix, versions, required.key, required.specifier, python.version)
    return Remedy(
        text=f"Install a {required.key} that {distribution.name} {distribution.version} was made for.",
        commands=(f"{target.installer} '{required.key}{specifier}'",),
    )


def _wrong_python(distribution: Distribution, wanted: str, python: Python) -> Finding:
    return Finding(
        message=f"{distribution.name} {distribution.version} requires Python {wanted}, "
        f"but this is Python {python.version}.",
        remedy=Remedy(
            text=f"Make an environment with a Python in {wanted} and install there.",
            commands=(f"uv venv --python '{wanted}' verl-env",),
        ),
        evidence=(f"{distribution.location}/{distribution.metadata}",),
        sources=(_metadata(distribution),),
        about=frozenset({normalise(distribution.name), "python"}),
    )


def _metadata(distribution: Distribution) -> Source:
    reference = f"metadata of the installed {distribution.name} {distribution.version}"
    return Source(kind="metadata", reference=reference)
