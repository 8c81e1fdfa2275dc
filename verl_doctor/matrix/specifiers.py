"""Does a version satisfy a specifier: yes, no, or unknown, because one of them cannot be read.

Prereleases count (a nightly build is what it is), local tags do not: 2.5.1+cu124 satisfies ==2.5.1, and
0.7.4.dev12+gabc satisfies <0.8. Alternatives are joined by " or ": "===0.6.3 or >=0.7.0".
"""

from __future__ import annotations

from functools import cache
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

OR: Final = " or "


@cache
def version_of(text: str) -> Version | None:
    """Return a version, or None where it cannot be read."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


@cache
def specifiers_of(text: str) -> tuple[SpecifierSet, ...] | None:
    """Return the alternatives of a specifier, or None where it cannot be read."""
    try:
        return tuple(SpecifierSet(alternative) for alternative in text.split(OR))
    except InvalidSpecifier:
        return None


@cache
def satisfies(version: str, specifier: str) -> bool | None:
    """Say whether a version satisfies a specifier; None: unknown."""
    alternatives, parsed = specifiers_of(specifier), version_of(version)
    if alternatives is None or parsed is None:
        return None
    return any(alternative.contains(parsed, prereleases=True) for alternative in alternatives)


def exact(specifier: str) -> str | None:
    """Return the one version that a specifier allows ("==2.5.1"), or None where it allows several."""
    alternatives = specifiers_of(specifier)
    if alternatives is None or len(alternatives) != 1:
        return None
    pins = {s.version for s in alternatives[0] if s.operator in {"==", "==="} and not s.version.endswith("*")}
    return pins.pop() if len(pins) == 1 else None


def release(version: str) -> str:
    """Return a version without its local tag: 2.5.1 of 2.5.1+cu124."""
    return version.partition("+")[0]
