"""How the program leaves: the exit code of the contract and one sentence, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_host import ends

ROOT = Path(__file__).parents[1]
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
START = """
import os, signal, sys
import verl_doctor.cli.{name} as module
signal.signal(signal.SIGINT, signal.default_int_handler)  # shells let their background jobs ignore it
from verl_doctor.errors import DataError, LoadInterruptedError, PatchRefusedError, StoppedError, UsageError
def command():
    {body}
module.command = command
sys.argv = ["verl-doctor", "{name}"]
from verl_doctor.__main__ import main
main()
"""


def leave(body: str, name: str = "demo", **options: object) -> subprocess.CompletedProcess[str]:
    """How the program leaves with this body of a command; `facts` is one that writes JSON."""
    return subprocess.run(  # type: ignore[call-overload,no-any-return] # options are those of run
        [sys.executable, "-c", START.format(body=body, name=name)],
        check=False,
        cwd=ROOT,
        text=True,
        timeout=60,
        **({"capture_output": True, "env": {**BUFFERED, "NO_COLOR": "1"}} | options),
    )


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        pytest.param("return 0", 0, "", id="healthy"),
        pytest.param("return 1", 1, "", id="findings"),
        pytest.param("raise UsageError('Say which.')", 2, "verl-doctor: Say which.", id="usage"),
        pytest.param("raise DataError('No facts.')", 3, "verl-doctor: No facts.", id="data"),
        pytest.param("raise PatchRefusedError('Foreign.')", 1, "verl-doctor: Foreign.", id="refused"),
        pytest.param("os.kill(os.getpid(), signal.SIGINT)", 130, "verl-doctor: Interrupted.", id="interrupted"),
        pytest.param("raise StoppedError('All.', 143)", 143, "verl-doctor: All.", id="stopped"),
        pytest.param("import no_such_module", 3, "A package it depends on is missing", id="dependency"),
        pytest.param("open('/no/such/file')", 3, "verl-doctor: /no/such/file cannot be used: No such", id="system"),
        pytest.param(
            "raise OSError(28, 'No space')", 3, "refused what is needed for an answer: No space.", id="no-file"
        ),
    ],
)
def test_leaving(body: str, status: int, said: str) -> None:
    finished = leave(body)
    assert (finished.returncode, finished.stdout) == (status, "")
    assert said in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        pytest.param("raise UsageError('Say which.')", 2, "usage", id="usage"),
        pytest.param("raise DataError('No facts.')", 3, "data", id="data"),
        pytest.param("raise PatchRefusedError('Foreign.')", 1, "refused", id="refused"),
        pytest.param("import no_such_module", 3, "dependency", id="dependency"),
        pytest.param("open('/no/such/file')", 3, "system", id="system"),
        pytest.param("1 / 0", 3, "bug", id="bug"),
    ],
)
def test_leaving_a_command_that_writes_json(body: str, status: int, kind: str) -> None:
    finished = leave(body, "facts")
    plain = json.loads(finished.stdout)
    assert (finished.returncode, plain["exit_code"], plain["error"]["kind"]) == (status, status, kind)
    assert finished.stderr == f"verl-doctor: {plain['error']['message']}\n"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param("os.kill(os.getpid(), signal.SIGINT)", 130, id="interrupted"),
        pytest.param("raise LoadInterruptedError('Interrupted.')", 130, id="interrupted-loading"),
        pytest.param("raise OSError(28, 'No space left on device')", 3, id="standard-output-is-full"),
    ],
)
def test_no_json_where_nobody_reads_it_or_it_cannot_be_written(body: str, status: int) -> None:
    finished = leave(body, "facts")
    assert (finished.returncode, finished.stdout) == (status, "")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("print('x' * 100_000)", id="while-writing"),
        pytest.param("print('x'); return 0", id="at-the-end"),
        pytest.param("signal.signal(signal.SIGPIPE, signal.SIG_IGN); print('x')", id="the-signal-was-ignored"),
    ],
)
def test_a_reader_that_has_had_enough(body: str) -> None:
    read, write = os.pipe()
    os.close(read)
    finished = leave(body, stdout=write, stderr=subprocess.PIPE, capture_output=False)
    os.close(write)
    assert finished.returncode == -signal.SIGPIPE
    assert finished.stderr == ""


def test_a_reader_that_has_had_enough_where_the_signal_is_blocked() -> None:
    read, write = os.pipe()
    os.close(read)
    body = "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE}); print('x')"
    finished = leave(body, stdout=write, stderr=subprocess.PIPE, capture_output=False)
    os.close(write)
    assert (finished.returncode, finished.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("body", ["print('x'); return 0", "print('x'); return 1", "print('x' * 99_999); return 0"])
def test_a_standard_output_that_is_full(body: str) -> None:
    with Path("/dev/full").open("wb") as full:
        finished = leave(body, stdout=full, stderr=subprocess.PIPE, capture_output=False)
    assert finished.returncode == 3
    assert finished.stderr == "verl-doctor: Standard output cannot be written: No space left on device.\n"


def test_a_standard_output_that_is_closed() -> None:
    said = "verl-doctor: Standard output cannot be written: Bad file descriptor.\n"
    for body, status, err in (("print('x')", 3, said), ("return 0", 0, ""), ("print('x'); return 1", 3, said)):
        code = START.format(body=body, name="demo")
        finished = subprocess.run(
            ["/bin/sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, code],
            check=False,
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert (finished.returncode, finished.stderr) == (status, err)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize(("body", "status"), [("return 0", 0), ("return 1", 1), ("raise DataError('No facts.')", 3)])
def test_a_standard_error_that_is_full_changes_no_exit_code(body: str, status: int) -> None:
    with Path("/dev/full").open("wb") as full:
        said = f"sys.stderr.write('changed x\\n' * 9999); {body}"
        finished = leave(said, stdout=subprocess.PIPE, stderr=full, capture_output=False)
    assert (finished.returncode, finished.stdout) == (status, "")


def test_a_bug_of_our_own_is_told_in_one_sentence() -> None:
    for body in ("1 / 0", "raise ImportError('division by zero', name='verl_doctor.x')"):
        finished = leave(body)
        assert finished.returncode == 3
        assert "this is a bug of verl-doctor" in finished.stderr
        assert "Error: division by zero. Report it" in finished.stderr
        assert finished.stderr.count("\n") == 1


def test_a_bug_of_our_own_is_traced_on_demand() -> None:
    finished = leave("os.environ['VERL_DOCTOR_TRACEBACK'] = '1'; 1 / 0")
    assert finished.returncode == 3
    assert "Traceback (most recent call last)" in finished.stderr
    assert "this is a bug of verl-doctor" in finished.stderr


def test_a_character_that_the_encoding_lacks() -> None:
    body = "print('fran\\xe7ais'); from verl_doctor.errors import DataError; raise DataError('\\u2713')"
    finished = leave(body, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (finished.returncode, finished.stdout) == (3, "fran\\xe7ais\n")
    assert finished.stderr == "verl-doctor: \\u2713\n"


def test_children_end_with_the_process(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    body = (
        "from verl_doctor.host import LocalHost; import threading; from pathlib import Path; "
        f"child = LocalHost().start(['/bin/sleep', '60']); Path({str(note)!r}).write_text(str(child._child.pid)); "
        "threading.Thread(target=child.wait, args=(60,), daemon=True).start()"
    )
    assert leave(body).returncode == 0
    assert ends(int(note.read_text()))


def test_a_hung_thread_does_not_keep_the_process() -> None:
    assert leave("import threading; threading.Thread(target=threading.Event().wait).start()").returncode == 0
