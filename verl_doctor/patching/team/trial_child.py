"""The process that loads a team's own patches first, and gives a sign after each."""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import suppress

SIGN = b"."


def main() -> None:
    """Load what standard input names, and say on standard output how far it came; nothing else gets there."""
    loads = pickle.load(sys.stdin.buffer)  # noqa: S301 # from the process that started this one
    signs = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(nowhere, stream)
    folder = os.open(".", os.O_RDONLY)
    os.write(signs, SIGN)
    for load in loads:
        with suppress(BaseException):  # told where it is loaded again
            load()
        os.fchdir(folder)
        os.write(signs, SIGN)
    os._exit(0)
