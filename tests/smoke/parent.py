"""The command itself in a process of its own, with scripted children: to interrupt it, and to start it oddly."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.smoke.processes import PATIENCE, until
from tests.smoke.scene import Scene
from tests.smoke.scripted import write

_PROGRAM = """\
import os, signal, sys
from pathlib import Path
from verl_doctor.__main__ import main
from verl_doctor.smoke import children, rank
children.CHILD, rank.GRACE = Path(sys.argv.pop(1)), {patience}
{before}
main()
"""


@contextmanager
def started(
    scene: Scene, body: str, probe: str = "import-vllm", *, before: str = "", shell: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """Start `smoke-test` for one probe that runs the body.

    `before` is what the command's process does first, `shell` redirects its streams.
    """
    write(scene.child, body)
    program = [sys.executable, "-c", _PROGRAM.format(before=before, patience=PATIENCE), str(scene.child), "smoke-test"]
    options = ["--device", "cpu", "--probe", probe, "--python", str(scene.python), "--format", "json"]
    command = subprocess.Popen(
        ["/bin/sh", "-c", f'exec "$@" {shell}', "sh", *program, *options],
        env={**scene.environ, "TMPDIR": str(scratch(scene))},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with command:
        try:
            yield command
        finally:
            command.kill()


def scratch(scene: Scene) -> Path:
    """Where the command makes its temporary folders."""
    folder = scene.folder / "scratch of the command"
    folder.mkdir(exist_ok=True)
    return folder


def is_noted(scene: Scene, *names: str) -> None:
    """Wait until the children have noted something."""
    until(lambda: all((scene.notes / name).exists() for name in names))
