"""The known patches, found by import."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from functools import cache

from verl_doctor import patches
from verl_doctor.errors import UsageError
from verl_doctor.patching.patch import Patch


@cache
def _all() -> tuple[Patch, ...]:
    names = sorted({module.name for module in pkgutil.iter_modules(patches.__path__)})
    found = [importlib.import_module(f"verl_doctor.patches.{name}").PATCH for name in names]
    return tuple(sorted(found, key=lambda patch: str(patch.id)))


def load(names: Sequence[str] = ()) -> tuple[Patch, ...]:
    """Return the patches with these ids or names, all of them without any, in the order of their ids.

    Raises UsageError for a name that no patch has.
    """
    known = _all()
    if unknown := [name for name in names if not any(name in (patch.id, patch.name) for patch in known)]:
        listed = ", ".join(f"{patch.id} {patch.name}" for patch in known)
        raise UsageError(f"There is no patch {', '.join(unknown)}; known are {listed}.")
    return tuple(patch for patch in known if not names or patch.id in names or patch.name in names)
