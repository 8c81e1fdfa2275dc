"""Runs the command line as a user does: in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_NOT_OURS = {"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONUNBUFFERED"}
"""What a test machine may have set; unbuffered, output that is never flushed would be seen all the same."""


def doctor(
    *arguments: str | Path,
    environ: Mapping[str, str] | None = None,
    without: tuple[str, ...] = (),
    stdin: bytes = b"",
    flags: tuple[str, ...] = (),
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """The finished process of `python -m verl_doctor ARGUMENTS`; a traceback on it fails the test."""
    kept = {key: value for key, value in os.environ.items() if key not in _NOT_OURS}
    environment = {**kept, "NO_COLOR": "1", "COLUMNS": "80", **(environ or {})}
    finished = subprocess.run(
        [sys.executable, *flags, "-m", "verl_doctor", *map(str, arguments)],
        check=False,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        env={key: value for key, value in environment.items() if key not in without},
        input=stdin,
        timeout=timeout,
    )
    out, err = finished.stdout.decode(), finished.stderr.decode()
    assert not re.search("^Traceback", out + err, re.MULTILINE), err
    return subprocess.CompletedProcess(finished.args, finished.returncode, out, err)


def imported(*arguments: str | Path) -> set[str]:
    """The top-level modules that a run imports."""
    lines = doctor(*arguments, flags=("-X", "importtime")).stderr.splitlines()
    names = (line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:"))
    return {name.partition(".")[0] for name in names}
