"""Runs verl-doctor, with a signal to itself before its n-th operation on the disk.

    python -m benchmarks.filesystems.stepping N SIGNAL FILE ARGUMENT...

The file gets a byte for every operation, so that others can count them; N = 0 only counts.
"""

from __future__ import annotations

import os
import signal
import sys

from verl_doctor.__main__ import main
from verl_doctor.patching.writing.disk import Disk


def run(number: int, name: str, file: str) -> None:
    """Let the signal come, and start verl-doctor."""
    seen = 0
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def step(_: Disk) -> None:
        nonlocal seen
        seen += 1
        os.write(log, b".")
        if seen == number:
            os.kill(os.getpid(), signal.Signals[name])

    Disk.step = step  # type: ignore[assignment, method-assign] # the seam that is there for this
    main()


if __name__ == "__main__":
    sys.argv[1:], (chosen, name, file) = sys.argv[4:], sys.argv[1:4]
    run(int(chosen), name, file)
