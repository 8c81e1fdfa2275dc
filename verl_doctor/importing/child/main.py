"""The child's way: import what the task names, tell how that went, and leave without waiting for what it started."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import time
import traceback
from types import TracebackType
from typing import Any, Final

_FRAMES: Final = 50
_DETAIL: Final = 2**13
_OWN: Final = "verl_doctor_child"


def main() -> None:
    """Import a module, then the names and the compiled part of it that are loaded only when it is used."""
    task = json.loads(sys.argv[1])
    os.set_inheritable(task["events"], False)
    started = time.monotonic()
    told: dict[str, Any] = {"outcome": "passed", "measurements": {}}
    try:
        module = importlib.import_module(task["module"])
        for name in task["names"]:
            getattr(module, name)
        for name in task["compiled"]:
            _load(name)
        told["measurements"]["version"] = str(getattr(module, "__version__", "")) or None
    except BaseException as error:  # noqa: BLE001 # whatever it was, the parent is told
        told = _failure(error)
    told["measurements"]["seconds"] = round(time.monotonic() - started, 3)
    _send(task["events"], {"event": "end", "probe": task["module"], **told})
    os._exit(0)


def _load(name: str) -> None:
    """Import an extension module, unless there is none or the package has already loaded one built for this CPU."""
    if not any(loaded.startswith(name) for loaded in sys.modules) and importlib.util.find_spec(name):
        importlib.import_module(name)


def _failure(error: BaseException) -> dict[str, Any]:
    first = error
    while first.__cause__ is not None:
        first = first.__cause__
    detail = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {
        "outcome": "failed",
        "reason": _line(error),
        "detail": detail[-_DETAIL:],
        "measurements": {"cause": _line(first) if first is not error else None, "frames": _frames(first.__traceback__)},
    }


def _line(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    except Exception:  # noqa: BLE001 # an exception whose text cannot be made is one nevertheless
        return type(error).__name__


def _frames(trace: TracebackType | None) -> list[list[Any]]:
    """Return file, line and function of each frame, the innermost last; without Python's own and ours."""
    found = [
        [frame.f_code.co_filename, line, frame.f_code.co_name]
        for frame, line in traceback.walk_tb(trace)
        if not frame.f_globals.get("__name__", "").startswith((_OWN, "importlib"))
    ]
    return found[-_FRAMES:]


def _send(descriptor: int, event: dict[str, Any]) -> None:
    data = (json.dumps(event) + "\n").encode()
    while data:
        data = data[os.write(descriptor, data) :]
