"""A distribution is installed twice.

Two metadata folders of one package in one place mean that two versions' files lie over each other, and nobody
can say which version runs. The same package in two folders of the search path means that the first hides the
second: typically a package in the user's home (`pip install --user`) or on PYTHONPATH that shadows the
environment's own, and that `pip install` in the environment does not replace.

See it: the evidence names both places. Cure it: remove all copies, then install one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from shlex import quote
from typing import Final

from verl_doctor.facts.packages import Copy, Distribution
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.reinstall import again
from verl_doctor.target import Target

ID: Final = "VD003"
NAME: Final = "duplicate-distribution"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INSTALLATION


def ask(target: Target, packages: Mapping[str, Distribution]) -> Iterator[Finding]:
    """Yield a finding for each distribution that lies twice in one folder, or hides the environment's own copy."""
    for key, first in packages.items():
        for copy in first.copies:
            if copy.location == first.location:
                yield _mixed(target, key, first, copy)
            elif copy.version != first.version and _hides(target, first, copy):
                yield _hidden(target, key, first, copy)


def _hides(target: Target, first: Distribution, copy: Copy) -> bool:
    """Say whether a package from outside (the user's home, PYTHONPATH) wins over the environment's own.

    The other way round is by design: a virtual environment over the system's packages, Debian's /usr/local
    over its /usr/lib.
    """
    prefix = Path(target.prefix)
    outside = not Path(first.location).is_relative_to(prefix) and not first.location.endswith("dist-packages")
    return outside and Path(copy.location).is_relative_to(prefix)


def _mixed(target: Target, key: str, first: Distribution, copy: Copy) -> Finding:
    metadata = sorted({first.metadata, copy.metadata})
    same = first.version == copy.version
    return Finding(
        message=f"{first.name} {first.version} has two metadata folders in one place: its files are unclear."
        if same
        else f"{first.name} lies twice in one folder, as {first.version} and as {copy.version}: "
        "the files of both are mixed.",
        remedy=Remedy(
            text="Remove both metadata folders, then install the one version that is wanted.",
            commands=(
                " ".join(("rm -r", *(quote(f"{first.location}/{folder}") for folder in metadata))),
                again(target, f"{first.name}=={first.version}"),
            ),
            pins=((key, first.version),),
        ),
        evidence=tuple(f"{first.location}/{folder}" for folder in metadata),
        about=frozenset({key}),
    )


def _hidden(target: Target, key: str, first: Distribution, copy: Copy) -> Finding:
    return Finding(
        message=f"{first.name} {first.version} in {first.location} hides {copy.version} of this environment.",
        remedy=Remedy(
            text=f"Remove the copy in {first.location}, or take that folder off PYTHONPATH "
            "(PYTHONNOUSERSITE=1 hides the packages in a user's home).",
            commands=(f"{target.installer.replace(' install', ' uninstall', 1)} {first.name}",),
            pins=((key, copy.version),),
        ),
        evidence=(f"{first.location}/{first.metadata}", f"{copy.location}/{copy.metadata}"),
        about=frozenset({key}),
    )
