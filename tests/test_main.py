"""How the program leaves: the exit code of the contract and one sentence, whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
START = """
import os, signal, sys
import verl_doctor.cli.facts as module
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let their background jobs ignore it
from verl_doctor.errors import DataError, PatchRefusedError, UsageError
def command():
    {body}
module.command = command
sys.argv = ["verl-doctor", "facts"]
from verl_doctor.__main__ import main
main()
"""


def leave(body: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload,no-any-return] # options are those of run
        [sys.executable, "-c", START.format(body=body)],
        check=False,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        text=True,
        timeout=60,
        **({"capture_output": True} | options),
    )


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        pytest.param("return 0", 0, "", id="healthy"),
        pytest.param("return 1", 1, "", id="findings"),
        pytest.param("raise UsageError('Say which.')", 2, "verl-doctor: Say which.", id="usage"),
        pytest.param("raise DataError('No facts.')", 3, "verl-doctor: No facts.", id="data"),
        pytest.param("raise PatchRefusedError('Foreign.')", 1, "verl-doctor: Foreign.", id="refused"),
        pytest.param("os.kill(os.getpid(), signal.SIGINT)", 130, "", id="interrupted"),
        pytest.param("import no_such_module", 3, "A package it depends on is missing", id="dependency"),
        pytest.param("open('/no/such/file')", 3, "verl-doctor cannot go on: [Errno 2]", id="system"),
    ],
)
def test_leaving(body: str, status: int, said: str) -> None:
    finished = leave(body)
    assert (finished.returncode, finished.stdout) == (status, "")
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_reader_that_has_had_enough() -> None:
    read, write = os.pipe()
    os.close(read)
    finished = leave("print('x' * 100_000)", stdout=write, stderr=subprocess.PIPE, capture_output=False)
    os.close(write)
    assert finished.returncode == 3
    assert finished.stderr == ""


def test_a_bug_of_our_own_is_not_hidden() -> None:
    assert "ZeroDivisionError" in leave("1 / 0").stderr


def test_a_hung_thread_does_not_keep_the_process() -> None:
    assert leave("import threading; threading.Thread(target=threading.Event().wait).start()").returncode == 0
