"""How the files come back that a distribution came with: those of a release, or those of a checkout."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import relpath
from pathlib import Path
from shlex import quote

from packaging.version import InvalidVersion, Version

from verl_doctor.facts.packages import Distribution, normalise
from verl_doctor.target import Target


def command(target: Target, distribution: Distribution, files: Sequence[Path] = ()) -> str | None:
    """Return the command that brings files back; None where no command is known that could.

    An index has no build of a checkout (a development version), and only some have those with a local version.
    """
    if distribution.editable:
        checkout = target.outside(distribution.editable)
        named = " ".join(quote(relpath(file, checkout)) for file in files)
        return f"git -C {quote(str(checkout))} checkout -- {named or '.'}"
    from verl_doctor.same_build import same_build

    requirement = same_build(normalise(distribution.name), distribution)
    if not is_published(distribution.version) and "://" not in requirement:
        return None
    return f"{target.installer} --force-reinstall --no-deps {requirement}"


def told(target: Target, distribution: Distribution, files: Sequence[Path] = ()) -> str:
    """Return a sentence that says how files come back."""
    found = command(target, distribution, files)
    if found is None:
        return f"Install {distribution.name} {distribution.version} again from where it came: no index has that build."
    kind = "committed" if distribution.editable else "published"
    return f"To get the {kind} files back: {found}"


def reinstalled(target: Target, distribution: Distribution) -> str:
    """Return what installs a distribution again of which parts are gone, as the end of a sentence."""
    if distribution.editable:
        checkout = quote(str(target.outside(distribution.editable)))
        return f"install it again with `{target.installer} --no-deps --editable {checkout}`"
    found = command(target, distribution)
    return f"install it again with `{found}`" if found else "install it again from where it came"


def is_published(version: str) -> bool:
    """Say whether a version is one that an index has: none of a checkout, and no build with a local version."""
    try:
        found = Version(version)
    except InvalidVersion:
        return False
    return not found.is_devrelease and found.local is None
