"""What a team's own patch raised, and where in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from traceback import walk_tb
from typing import Any

from verl_doctor.errors import one_line


def told(error: BaseException, edit: Callable[[Any], Any]) -> str:
    """Return an exception's kind and message, with the file and line of the patch from which it came."""
    code = getattr(edit, "__code__", None)
    file = getattr(code, "co_filename", None)
    lines = [line for frame, line in walk_tb(error.__traceback__) if frame.f_code.co_filename == file]
    return one_line(error) + (f" ({Path(str(file)).name}, line {lines[-1]})" if lines else "")
