"""The tests' side of serve.py: a real engine on the known-answer model in another process, watched by a deadline."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any

_DEADLINE = 300.0
"""Seconds for each request; the first includes the start of the engine."""
_ENVIRON = {
    "HF_HUB_OFFLINE": "1",
    "PYTHONPATH": str(Path(__file__).parents[2]),  # for verl_doctor.smoke.child, which needs nothing else from there
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_NO_USAGE_STATS": "1",
}


class ServedEngine:
    """An engine of some type, with the methods of serve.Served; `work` gets the model and what is printed."""

    def __init__(self, python: Path, dtype: str, work: Path) -> None:
        self._pipe, theirs = Pipe()
        self._printed = work / "printed"
        script = Path(__file__).with_name("serve.py")
        with theirs, self._printed.open("w") as printed:
            self._process = subprocess.Popen(
                [python, "-P", script, str(theirs.fileno()), dtype, work / "model"],
                env={**os.environ, **_ENVIRON},
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(self._ask, name)

    def close(self) -> None:
        """End the engine's process."""
        self._pipe.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, request: str, *arguments: object, **options: object) -> Any:
        try:
            self._pipe.send((request, arguments, options))
            is_there = self._pipe.poll(_DEADLINE)
            result, trouble = self._pipe.recv() if is_there else (None, f"no reply within {_DEADLINE:g} seconds")
        except (EOFError, ConnectionError):
            result, trouble = None, "the engine has ended"
        if trouble:
            printed = self._printed.read_text(errors="replace")[-4000:]
            raise AssertionError(f"{request}: {trouble}\n{printed}")
        return result
