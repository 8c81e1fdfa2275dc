"""What a team's own patch raised, and where in it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from traceback import walk_tb
from typing import Any, Final

import verl_doctor
from verl_doctor.errors import one_line

_OURS: Final = (f"{Path(verl_doctor.__file__).parent}/", f"{Path(importlib.__file__).parent}/", "<")


def by_edit(error: BaseException, edit: Callable[[Any], Any]) -> str:
    """Return an exception's kind and message, with the line of the patch from which it came."""
    code = getattr(edit, "__code__", None)
    own = getattr(code, "co_filename", None)
    return _told(error, [(file, line) for file, line in _lines(error) if file == own])


def by_loading(error: BaseException) -> str:
    """Return an exception's kind and message, with the last line outside the doctor and Python's import."""
    lines = [(file, line) for file, line in _lines(error) if not file.startswith(_OURS)]
    return _told(error, [] if isinstance(error, SyntaxError) else lines)  # which says itself where


def _lines(error: BaseException) -> Iterator[tuple[str, int]]:
    return ((frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__))


def _told(error: BaseException, lines: list[tuple[str, int]]) -> str:
    where = f" ({Path(lines[-1][0]).name}, line {lines[-1][1]})" if lines else ""
    return f"{one_line(error)}{where}"
