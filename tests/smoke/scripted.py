"""Children that need no torch: the real main and events of a child, and probes that do what a test says."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path
from typing import Final

from verl_doctor.smoke import children
from verl_doctor.smoke.probes import PROBES

SECRET: Final = "VERL_DOCTOR_TEST"
"""A variable in the environment of all that a test starts; also how it names its files in shared memory."""
NOTES: Final = "VERL_DOCTOR_NOTES"
"""The variable that names the folder where a child may write for the test."""
_REAL: Final = children.CHILD
_SCRIPT: Final = f"""\
import ctypes, json, mmap, os, signal, subprocess, sys, time
from pathlib import Path
from .errors import SkippedError, WrongAnswerError
TASK = json.loads(sys.argv[1])
NOTES = Path(os.environ["{NOTES}"])
SHARED = Path("/dev/shm", os.environ["{SECRET}"])
ENDING = signal.SIGTERM, signal.SIGINT, signal.SIGHUP

def say(data):
    data = data if isinstance(data, bytes) else (json.dumps(data) + "\\n").encode()
    while data:
        data = data[os.write(TASK["events"], data):]

def begin(probe):
    say({{"event": "begin", "probe": probe}})

def end(probe, outcome="passed", **more):
    say({{"event": "end", "probe": probe, "outcome": outcome, "measurements": {{}}, **more}})

def note(name, text=None):
    new = NOTES / f".{{name}}-{{os.getpid()}}"
    new.write_text(str(os.getpid() if text is None else text))
    new.rename(NOTES / name)

def until(there):
    while not there():
        time.sleep(0.005)

def noted(*names):
    until(lambda: all((NOTES / name).exists() for name in names))

def ended(name):
    noted(name)
    pid = int((NOTES / name).read_text())
    until(lambda: Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[0] in "ZX")
    time.sleep(0.5)  # so that the parent, on a busy machine, hears of it before what comes now

def sleep():
    while True:
        time.sleep(100)

def deaf():
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)

def fork(name, *acts):
    if os.fork() == 0:
        for act in acts:
            act()
        note(name)
        sleep()

def act(probe, rank):
"""
_CONTEXT: Final = """\
class Context:
    def __init__(self, rank, **rest):
        self.rank = rank
"""


def write(folder: Path, body: str, *, start: str = "") -> None:
    """Make a child of which each probe runs `body`, which knows `probe` and `rank`; `start` runs before all."""
    probes = folder / "probes"
    probes.mkdir(parents=True, exist_ok=True)
    for path in _REAL.glob("*.py"):
        shutil.copy(path, folder)
    (folder / "__init__.py").write_text(textwrap.dedent(start))
    (folder / "context.py").write_text(_CONTEXT)
    (folder / "script.py").write_text(_SCRIPT + textwrap.indent(textwrap.dedent(body).strip() or "pass", "    ") + "\n")
    (probes / "__init__.py").touch()
    for name in PROBES:
        code = f"from ..script import act\ndef run(context):\n    return act({name!r}, context.rank) or {{}}\n"
        (probes / f"{name.replace('-', '_')}.py").write_text(code)
