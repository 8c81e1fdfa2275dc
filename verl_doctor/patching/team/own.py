"""A team's own patches: those in a folder, and whether one can be used."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from stat import S_ISREG
from threading import current_thread, main_thread
from typing import Any

from verl_doctor.errors import LoadInterruptedError, UsageError
from verl_doctor.facts.broken_patches import Broken
from verl_doctor.facts.patches import BUILT_IN
from verl_doctor.patching.patch import Patch
from verl_doctor.patching.team import declaration
from verl_doctor.patching.team.aside import aside
from verl_doctor.patching.team.raised import by_loading

Load = Callable[[], Any]


def in_folder(folder: Path | None) -> Iterator[tuple[str, Load]]:
    """Yield the modules of a folder; what begins with an underscore, or is no regular file, is no patch.

    Raises UsageError where the folder cannot be read.
    """
    if folder is None:
        return
    try:
        files = sorted(file for file in folder.iterdir() if _is_module(file))
    except OSError as error:
        raise UsageError(f"--patches {folder}: {error.strerror}.") from error
    if not files:
        raise UsageError(f"--patches {folder}: there is no patch in it (a .py file with a PATCH).")
    for file in files:
        yield str(file), partial(_module, file.absolute())


def _is_module(file: Path) -> bool:
    if file.suffix != ".py" or file.name.startswith("_"):
        return False
    try:
        return S_ISREG(file.stat().st_mode)
    except OSError:  # loading it says why it cannot be read
        return True


def checked(origin: str, load: Load, known: Iterable[Patch]) -> Patch | Broken:
    """Return the patch that `load` gives, or why it cannot be used beside those already known.

    Raises LoadInterruptedError where loading it is interrupted: whether by the user cannot be told.
    """
    try:
        with aside():
            patch = _plain(load())
            problem = next(declaration.problems(patch), None) if patch else "it has no PATCH"
    except BaseException as error:  # noqa: BLE001 # one broken patch must not stop the rest
        if isinstance(error, KeyboardInterrupt) and current_thread() is main_thread():
            raise LoadInterruptedError(f"Interrupted while {origin} was being loaded.") from None
        return Broken(origin=origin, reason=f"it cannot be loaded: {by_loading(error)}")
    if patch is None or problem:
        return Broken(origin=origin, reason=problem or "")
    taken = next((other for other in known if {*_keys(other)} & {*_keys(patch)}), None)
    if taken:
        return Broken(origin=origin, reason=f"its id or name is that of {taken.id} {taken.name}")
    if patch.id.startswith(BUILT_IN):
        return Broken(origin=origin, reason=f"its id {patch.id} begins with {BUILT_IN}, which built-in patches do")
    return patch


def _plain(found: Any) -> Patch | None:
    """Return the patch of a module, or the patch itself, without what a class of its own may add."""
    patch = getattr(found, "PATCH", found)
    if not isinstance(patch, Patch):
        return None
    return Patch(**{field.name: getattr(patch, field.name) for field in fields(Patch)})


def _keys(patch: Patch) -> tuple[str, str]:
    """Return what a patch may be called on the command line, in small letters."""
    return patch.id.casefold(), patch.name.casefold()


def _module(file: Path) -> Any:
    """Import a file as a module whose name nothing else has; it may import those beside it."""
    name = "verl_doctor_own_" + re.sub(r"\W", "_", str(file.resolve()))
    specification = importlib.util.spec_from_file_location(name, file)
    if specification is None or specification.loader is None:
        raise ImportError(f"{file} is no module")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses and pickle look a module up by its name
    with _beside(file):
        specification.loader.exec_module(module)
    return module


@contextmanager
def _beside(file: Path) -> Iterator[None]:
    """Have the modules beside a file found after all others, and forgotten afterwards: another folder has its own."""
    folder, path, loaded = str(file.parent), list(sys.path), set(sys.modules)
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - loaded:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and Path(origin).is_relative_to(folder):
                del sys.modules[name]
