"""An interactive shell in a terminal of its own, and what it makes of a pressed Tab."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

DEADLINE = 60.0
"""Seconds after which a shell that says nothing is taken for stuck; no test measures with it."""
READY = "READY>"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|[\x07\r]")
_SPAWN = "import pty, sys; pty.spawn(sys.argv[1:])"
"""A process of its own, for this one may have threads, with which none should fork."""


class Terminal:
    """A shell that waits for input; to be closed."""

    def __init__(self, argv: Sequence[str], folder: Path) -> None:
        environ = {**os.environ, "TERM": "dumb", "HOME": str(folder), "COLUMNS": "200", "PS1": READY}
        self._shell = subprocess.Popen(
            [sys.executable, "-c", _SPAWN, *argv],
            bufsize=0,
            cwd=folder,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def type(self, keys: str, until: str) -> str:
        """Press keys; return what is on the screen since, once `until` is there."""
        stdin, stdout = self._shell.stdin, self._shell.stdout
        assert stdin
        assert stdout
        stdin.write(keys.encode())
        said = ""
        end = time.monotonic() + DEADLINE
        while until not in said:
            ready, _, _ = select.select([stdout], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"{until!r} never came, but {said!r}"
            read = os.read(stdout.fileno(), 4096)
            assert read, f"the shell ended after {said!r}"
            said += _CONTROL.sub("", read.decode(errors="replace"))
        return said

    def close(self) -> None:
        """End the shell."""
        self._shell.kill()
        self._shell.communicate()
