"""The child's way: the task from the command line, the probes one after another, and an end at the first that fails.

After a failure nothing that the engine holds can be trusted; the parent starts another child for the other probes.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

from .errors import SkippedError, WrongAnswerError
from .events import Events

TRIED = ("torch", "vllm")
"""Without these there is nothing that could fail."""


def main() -> None:
    """Run the probes that the task names."""
    task = json.loads(sys.argv[1])
    events = Events(task["events"])
    for probe in task["probes"]:
        events.begin(probe)
        if not _run(probe, task, events):
            break
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # engines of some releases do not come to their end by themselves


_contexts: list[object] = []


def _run(probe: str, task: dict[str, object], events: Events) -> bool:
    """Run one probe and tell how it went; say whether the next one may run."""
    started = time.perf_counter()
    measurements: dict[str, object] = {}
    try:
        module = importlib.import_module(f".probes.{probe.replace('-', '_')}", __package__)
        measurements = module.run(_context(task))
    except SkippedError as error:
        events.end(probe, "skipped", _timed(measurements, started), str(error))
        return True
    except BaseException as error:  # noqa: BLE001 # whatever it was, the parent is told
        if isinstance(error, ModuleNotFoundError) and error.name in TRIED:
            events.end(probe, "skipped", _timed(measurements, started), f"{error.name} is not installed here")
            return True
        kind = type(error).__name__
        reason = str(error).strip() or kind
        said = reason if isinstance(error, WrongAnswerError) else f"{kind}: {reason}"
        events.end(probe, "failed", _timed(measurements, started), said.partition("\n")[0], traceback.format_exc())
        return False
    events.end(probe, "passed", _timed(measurements, started))
    return True


def _timed(measurements: dict[str, object], started: float) -> dict[str, object]:
    return {**measurements, "seconds": round(time.perf_counter() - started, 3)}


def _context(task: dict[str, object]) -> object:
    """Return what the probes share; made once, by the first probe, so that a torch that is broken fails that one."""
    if not _contexts:
        from .context import Context

        fields = {key: task[key] for key in ("device", "rank", "world", "eager", "model", "settings")}
        _contexts.append(Context(work=Path(str(task["work"])), **fields))  # type: ignore[arg-type] # checked by parent
    return _contexts[0]
