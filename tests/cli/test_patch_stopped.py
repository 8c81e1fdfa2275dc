"""Signals that ask `verl-doctor patch` to end: all is put back, or was written, and that is said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patching.sandbox import FILES, FIXED, Sandbox, make

ROOT = Path(__file__).parents[2]
STOPPED = """
import os, signal, sys
from verl_doctor.patching.writing import disk
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let their background jobs ignore it
counts = iter(range(10_000))
def sent(self):
    if next(counts) in {steps}:
        os.kill(os.getpid(), signal.{name})
disk.Disk.step = sent
sys.argv = ["verl-doctor", "patch", *{words}]
from verl_doctor.__main__ import main
main()
"""


def stopped(
    box: Sandbox, name: str, *steps: int, words: tuple[str, ...] = ("--apply",)
) -> subprocess.CompletedProcess[str]:
    """How a run ends that gets a signal before each of these steps on disk."""
    arguments = [*words, "--prefix", str(box.site)]
    return subprocess.run(
        [sys.executable, "-c", STOPPED.format(name=name, steps=set(steps), words=arguments)],
        check=False,
        capture_output=True,
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"},
        text=True,
    )


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    return make(tmp_path / "site")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_all_is_put_back(box: Sandbox, name: str) -> None:
    before = box.snapshot()
    finished = stopped(box, name, 45)
    how = "Interrupted" if name == "SIGINT" else f"Ended by {name}"
    assert finished.returncode == 128 + signal.Signals[name]
    assert finished.stderr.splitlines()[-1] == f"verl-doctor: {how}; nothing was changed."
    assert box.snapshot() == before


def test_a_second_signal_does_not_stop_what_puts_all_back(box: Sandbox) -> None:
    before = box.snapshot()
    assert stopped(box, "SIGTERM", *range(45, 60)).returncode == 143
    assert box.snapshot() == before


def test_a_run_that_has_written_everything_says_so(box: Sandbox) -> None:
    """Wherever it is stopped: what is said is so."""
    ends = {
        "nothing was changed.": FILES,
        "after everything was written; nothing is left to do.": FIXED,
        "after everything was written; the next --apply or --revert tidies up.": FIXED,
    }
    seen = set()
    for step in range(8, 400, 8):
        finished = stopped(box, "SIGTERM", step)
        if finished.returncode == 0:
            break
        [end] = [end for end in ends if finished.stderr.endswith(f"{end}\n")]
        assert {file: box.read(file) for file in FILES} == ends[end]
        seen.add(end)
        box.revert()
    assert len(seen) > 1


def test_nohup_is_heeded(box: Sandbox) -> None:
    earlier = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        finished = stopped(box, "SIGHUP", 45)
    finally:
        signal.signal(signal.SIGHUP, earlier)
    assert finished.returncode == 0
    assert {file: box.read(file) for file in FILES} == FIXED


def test_json_is_not_begun(box: Sandbox) -> None:
    finished = stopped(box, "SIGTERM", 45, words=("--apply", "--format", "json"))
    assert (finished.returncode, finished.stdout) == (143, "")
