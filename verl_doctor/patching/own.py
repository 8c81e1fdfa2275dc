"""A team's own patches: those in a folder, and whether one can be used."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

from verl_doctor.errors import LoadInterruptedError, UsageError, one_line
from verl_doctor.facts.broken_patches import Broken
from verl_doctor.facts.patches import BUILT_IN
from verl_doctor.patching import declaration
from verl_doctor.patching.patch import Patch

Load = Callable[[], Any]


def in_folder(folder: Path | None) -> Iterator[tuple[str, Load]]:
    """Yield the modules of a folder; those that begin with an underscore are not patches.

    Raises UsageError where the folder cannot be read.
    """
    if folder is None:
        return
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".py" and not file.name.startswith("_"))
    except OSError as error:
        raise UsageError(f"--patches {folder}: {error.strerror}.") from error
    if not files:
        raise UsageError(f"--patches {folder}: there is no patch in it (a .py file with a PATCH).")
    for file in files:
        yield str(file), partial(_module, file)


def checked(origin: str, load: Load, known: Iterable[Patch]) -> Patch | Broken:
    """Return the patch that `load` gives, or why it cannot be used beside those already known.

    Raises LoadInterruptedError where loading it is interrupted: whether by the user cannot be told.
    """
    try:
        found = load()
        patch = getattr(found, "PATCH", found)
    except BaseException as error:  # noqa: BLE001 # one broken patch must not stop the rest
        if isinstance(error, KeyboardInterrupt) and current_thread() is main_thread():
            raise LoadInterruptedError(f"Interrupted while {origin} was being loaded.") from None
        return Broken(origin=origin, reason=f"it cannot be loaded: {one_line(error)}")
    if not isinstance(patch, Patch):
        return Broken(origin=origin, reason="it has no PATCH")
    problem = next(declaration.problems(patch), None)
    if problem:
        return Broken(origin=origin, reason=problem)
    taken = next((other for other in known if {other.id, other.name} & {patch.id, patch.name}), None)
    if taken:
        return Broken(origin=origin, reason=f"its id or name is that of {taken.id} {taken.name}")
    if patch.id.startswith(BUILT_IN):
        return Broken(origin=origin, reason=f"its id {patch.id} begins with {BUILT_IN}, which built-in patches do")
    return patch


def _module(file: Path) -> Any:
    """Import a file as a module whose name nothing else has."""
    name = "verl_doctor_own_" + re.sub(r"\W", "_", str(file.resolve()))
    specification = importlib.util.spec_from_file_location(name, file)
    if specification is None or specification.loader is None:
        raise ImportError(f"{file} is no module")
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # dataclasses and pickle look a module up by its name
    specification.loader.exec_module(module)
    return module
