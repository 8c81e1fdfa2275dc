"""Commands: running them, and what came back."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

DEADLINE = 120.0


class UnavailableError(Exception):
    """A tool cannot be run here; the message says why."""


class LackingError(Exception):
    """A tool has no such command, or a row means nothing for it; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, the folder it runs in, and what it finds in its environment besides the usual."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command said: its exit code, and both of its outputs together."""

    code: int
    output: str


def run(command: Command) -> Ran:
    """Run a command to its end, without input."""
    with started(command) as process:
        output, _ = process.communicate(timeout=DEADLINE)
        return Ran(code=process.returncode, output=output)


@contextmanager
def started(command: Command) -> Iterator[subprocess.Popen[str]]:
    """Start a command in a process group of its own, without input; what still runs at the end is killed."""
    with subprocess.Popen(
        command.argv,
        cwd=command.cwd,
        env={**_surroundings(), **command.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def must(command: Command) -> Ran:
    """Run a command of the preparation, which has to succeed."""
    ran = run(command)
    if ran.code:
        raise RuntimeError(f"{' '.join(command.argv)} exited with {ran.code}:\n{ran.output}")
    return ran


def program(name: str, package: str) -> str:
    """Return where a program is. Raises UnavailableError, with the Debian package to install, where it is not."""
    here = Path(sys.executable).parent
    found = shutil.which(name, path=os.pathsep.join([str(here), os.environ.get("PATH", os.defpath)]))
    if found is None:
        raise UnavailableError(f"{name} is not installed (Debian: `apt-get install {package}`)")
    return found


def _surroundings() -> dict[str, str]:
    """Return the environment without what would tell a tool of another project, or that this is CI."""
    without = ("GIT_", "QUILT_", "CI", "VIRTUAL_ENV", "CONDA_", "UV_CACHE_DIR", "NODE_ENV", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(without)}
    return {**kept, "LC_ALL": "C", "NO_COLOR": "1"}
