"""The patches that there are: the built-in ones, and a team's own."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from verl_doctor import patches
from verl_doctor.errors import UsageError
from verl_doctor.facts.broken_patches import Broken
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.team.entry_points import installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Patches in the order of their ids, and those of a team's own that cannot be used."""

    patches: tuple[Patch, ...]
    broken: tuple[Broken, ...] = ()

    def named(self, names: Sequence[str]) -> tuple[Patch, ...]:
        """Return the patches with these ids or names, in capitals or not; all of them without any.

        Raises UsageError for a name that no patch has.
        """
        if unknown := self.unknown(names):
            listed = ", ".join(f"{patch.id} {patch.name}" for patch in self.patches)
            broken = "".join(f" {each.origin} cannot be used: {each.reason}." for each in self.broken)
            raise UsageError(
                f"There is no patch {', '.join(map(self._with_nearest, unknown))}; known are {listed}.{broken}"
            )
        wanted = {name.casefold() for name in names}
        return tuple(patch for patch in self.patches if not wanted or wanted & _keys(patch))

    def unknown(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return those of the names that no patch has."""
        keys = {key for patch in self.patches for key in _keys(patch)}
        return tuple(name for name in names if name.casefold() not in keys)

    def _with_nearest(self, name: str) -> str:
        """Return a name that no patch has, with the one that may be meant."""
        from difflib import get_close_matches

        written = {key.casefold(): key for patch in self.patches for key in (patch.id, patch.name)}
        nearest = get_close_matches(name.casefold(), written, n=1)
        return f"{name} (nearest: {written[nearest[0]]})" if nearest else name


def _keys(patch: Patch) -> set[str]:
    """Return what a patch may be called on the command line, in small letters."""
    return {patch.id.casefold(), patch.name.casefold()}


def usual(known: Iterable[Patch]) -> tuple[Patch, ...]:
    """Return the patches that are applied where none is named: not those that few environments need."""
    return tuple(patch for patch in known if not patch.only_where)


@cache
def built_in() -> tuple[Patch, ...]:
    """Return the patches that come with verl-doctor."""
    names = sorted({module.name for module in pkgutil.iter_modules(patches.__path__)})
    found = [importlib.import_module(f"verl_doctor.patches.{name}").PATCH for name in names]
    return tuple(sorted(found, key=lambda patch: str(patch.id)))


def everything(*folders: Path | None) -> Catalogue:
    """Return the built-in patches with a team's own: those that are installed, and those in folders.

    Raises UsageError where a folder cannot be read.
    """
    theirs, given = list(installed()), [folder for folder in folders if folder]
    if not given and not theirs:
        return Catalogue(patches=built_in())
    from verl_doctor.patching.team import (  # they check what built-in patches need not have checked at run time
        own,
        trial,
    )

    known = list(built_in())
    broken: list[Broken] = []
    sources = (*theirs, *(each for folder in given for each in own.in_folder(folder)))
    harm = trial.fatal(sources)
    for origin, load in sources:
        found = Broken(origin=origin, reason=harm[origin]) if origin in harm else own.checked(origin, load, known)
        if isinstance(found, Broken):
            broken.append(found)
        else:
            known.append(found)
    return Catalogue(patches=tuple(sorted(known, key=lambda patch: patch.id)), broken=tuple(broken))


def load(names: Sequence[str] = ()) -> tuple[Patch, ...]:
    """Return the built-in patches with these ids or names, all of them without any. Raises UsageError as `named`."""
    return Catalogue(patches=built_in()).named(names)
