"""Whether a patch declares what it must: cheap enough to ask of every patch that is not built in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Final

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from verl_doctor.patching.patch import Patch, Site
from verl_doctor.patching.team.field_types import type_problems

_ID: Final = re.compile(r"[A-Z]{2,}[0-9]{3,}")
_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LONGEST: Final = 255  # bytes in the name of a file, on every file system that Linux has
_SCOPE: Final = re.compile(r"|[^\W\d]\w*(\.[^\W\d]\w*)*")


def problems(patch: Patch) -> Iterator[str]:
    """Yield what is wrong with a declaration, each as a clause that follows a colon.

    Where a field holds another type than it should, the rest is not looked at.
    """
    wrong = tuple(type_problems(patch))
    yield from wrong
    if not wrong:
        yield from _value_problems(patch)


def _value_problems(patch: Patch) -> Iterator[str]:
    if not _ID.fullmatch(patch.id):
        yield f"its id {patch.id!r} is not capital letters and three digits or more, such as ACME001"
    if not _NAME.fullmatch(patch.name):
        yield f"its name {patch.name!r} is not words of small letters and digits joined by hyphens"
    if patch.distribution != canonicalize_name(patch.distribution):
        yield f"its distribution {patch.distribution!r} is written {canonicalize_name(patch.distribution)!r}"
    if not patch.title.endswith("."):
        yield "its documentation does not begin with one line that says what is wrong, ending with a full stop"
    if not patch.examples:
        yield "it has no examples"
    if not patch.sites:
        yield "it names no site"
        return
    yield from _version_problems(patch)
    for site in patch.sites:
        yield from _site_problems(site)


def _version_problems(patch: Patch) -> Iterator[str]:
    named = [site.since for site in patch.sites] + ([patch.fixed_in] if patch.fixed_in else [])
    try:
        versions = [Version(text) for text in named]
    except InvalidVersion as error:
        yield f"of its versions one is none: {error}"
    else:
        if any(one >= other for one, other in pairwise(versions)):
            yield f"its versions {', '.join(named)} do not rise"


def _site_problems(site: Site) -> Iterator[str]:
    path = PurePosixPath(site.file)
    is_below = not path.is_absolute() and ".." not in path.parts and str(path) == site.file
    is_name = site.file.isprintable() and all(len(part.encode()) <= _LONGEST for part in path.parts)
    if not is_below or not is_name or path.suffix != ".py":
        yield f"its file {site.file!r} is not the path of a module below the folder of installed packages"
    if not _SCOPE.fullmatch(site.scope):
        yield f"its scope {site.scope!r} is not the dotted name of a function"
