"""Imports of packages that raise, crash, hang, babble and leave processes behind: each comes back, told right."""

from __future__ import annotations

import os
import time

import pytest

from tests.importing.conftest import Imported
from tests.importing.stubs import FINE

UNDEFINED = "raise ImportError('/x/torch/lib/libtorch_cuda.so: undefined symbol: ncclCommRegister')"
HANG = "import time\ndef wait():\n    while True: time.sleep(0.01)\nwait()"


def test_an_import_that_works(imported: Imported) -> None:
    seen = imported(torch=FINE)["torch"]
    assert (seen.outcome, seen.version, seen.error, seen.where) == ("works", "2.5.1", None, None)


def test_what_is_not_there_is_not_tried(imported: Imported) -> None:
    assert imported(numpy=FINE) == {}


@pytest.mark.parametrize(
    ("source", "error", "where"),
    [
        pytest.param(
            UNDEFINED, UNDEFINED[7:-2].replace("('", ": "), "line 1 of torch/__init__.py, in <module>", id="D"
        ),
        pytest.param("x = 1\n1 / 0", "ZeroDivisionError: division by zero", "line 2 of torch/__init__.py", id="raises"),
        pytest.param("import no.such", "ModuleNotFoundError: No module named 'no'", "line 1 of torch", id="missing"),
        pytest.param("raise SystemExit(3)", "SystemExit: 3", "line 1 of torch/__init__.py", id="exits"),
        pytest.param("raise KeyboardInterrupt", "KeyboardInterrupt", "line 1 of torch/__init__.py", id="interrupted"),
        pytest.param(
            "class Odd(Exception):\n    def __str__(self): return 1 / 0\nraise Odd", "Odd", "line 3 of torch", id="odd"
        ),
        pytest.param("(", "SyntaxError: '(' was never closed (__init__.py, line 1)", None, id="syntax"),
        pytest.param(
            "import ctypes\nctypes.string_at(0)",
            "the process was killed by SIGSEGV during the import",
            "ctypes/__init__.py, in string_at",
            id="crashes",
        ),
        pytest.param(
            "import os; os.abort()", "was killed by SIGABRT during", "line 1 of torch/__init__.py", id="aborts"
        ),
        pytest.param("import os; os._exit(0)", "the process ended with status 0 during the import", None, id="leaves"),
        pytest.param("import os; os.kill(os.getpid(), 9)", "was killed by SIGKILL, as the system", None, id="killed"),
    ],
)
def test_an_import_that_fails(source: str, error: str, where: str | None, imported: Imported) -> None:
    seen = imported(torch=source)["torch"]
    assert seen.outcome == "fails"
    assert error in (seen.error or "")
    assert (where is None) == (seen.where is None)
    assert (where or "") in (seen.where or "")


def test_an_import_that_hangs_comes_back_by_the_deadline(imported: Imported) -> None:
    started = time.monotonic()
    seen = imported(torch=HANG, deadline=1.0)["torch"]
    assert time.monotonic() - started < 20
    assert (seen.outcome, seen.error) == ("hangs", "it did not come back within 1 seconds")
    assert seen.where == "line 3 of torch/__init__.py, in wait"


def test_what_needs_a_module_that_fails_is_not_tried(imported: Imported) -> None:
    seen = imported(torch=UNDEFINED, vllm=HANG, tensordict=HANG, verl=HANG)
    assert {name: each.outcome for name, each in seen.items()} == {
        "torch": "fails",
        "tensordict": "untried",
        "vllm": "untried",
        "verl": "untried",
    }
    assert seen["verl"].error == "it needs torch, which cannot be imported"


def test_what_needs_a_module_that_is_missing_is_not_tried(imported: Imported) -> None:
    assert imported(vllm=FINE)["vllm"].error == "it needs torch, which is not installed"


def test_verl_s_rollout_is_imported_apart(imported: Imported) -> None:
    rollout = "verl/workers/rollout/vllm_rollout"
    seen = imported(
        **dict.fromkeys(("torch", "tensordict", "verl"), FINE), vllm="LLM = 0", **{rollout: "import no_such"}
    )
    assert {name: each.outcome for name, each in seen.items()} == {
        "torch": "works",
        "tensordict": "works",
        "vllm": "works",
        "verl": "works",
        "verl.workers.rollout.vllm_rollout": "fails",
    }


def test_names_that_are_loaded_late_are_asked_for(imported: Imported) -> None:
    lazy = "def __getattr__(name):\n    import no_such"
    seen = imported(torch=FINE, vllm=lazy)["vllm"]
    assert seen.error == "ModuleNotFoundError: No module named 'no_such'"
    assert seen.where == "line 2 of vllm/__init__.py, in __getattr__"
    assert seen.through == ("vllm",)


def test_the_exception_behind_another_is_told(imported: Imported) -> None:
    source = "try:\n    import no_such\nexcept ImportError as error:\n    raise RuntimeError('no model') from error"
    seen = imported(torch=source)["torch"]
    assert (seen.error, seen.cause) == ("RuntimeError: no model", "ModuleNotFoundError: No module named 'no_such'")
    assert seen.where == "line 2 of torch/__init__.py, in <module>"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("print('x' * 2**23); import sys; sys.stderr.write('y' * 2**23)", id="megabytes"),
        pytest.param("import os; os.write(1, bytes(range(256)) * 999)", id="garbage"),
        pytest.param("import os; os.fork()", id="forks"),
        pytest.param("import subprocess; subprocess.Popen(['sleep', '100'], start_new_session=True)", id="leaves-one"),
        pytest.param("import threading, time; threading.Thread(target=time.sleep, args=(100,)).start()", id="thread"),
        pytest.param("import atexit, time; atexit.register(time.sleep, 100)", id="at-exit"),
        pytest.param("import os; os.close(1); os.close(2)", id="closes-its-output"),
        pytest.param("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)", id="will-not-end"),
    ],
)
def test_an_import_that_works_whatever_else_it_does(source: str, imported: Imported) -> None:
    assert imported(torch=f"{source}\n{FINE}")["torch"].outcome == "works"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("os.write(descriptor, b'nonsense\\n')", id="nonsense"),
        pytest.param(
            'os.write(descriptor, b\'{"event": "end", "probe": "torch", "outcome": "failed", '
            '"measurements": {"frames": [1, [2], {}], "cause": 7}}\\n\')',
            id="an-event-of-its-own",
        ),
    ],
)
def test_a_module_that_writes_into_our_pipe(source: str, imported: Imported) -> None:
    find = "import json, os, sys\ndescriptor = json.loads(sys.argv[1])['events']\n"
    seen = imported(torch=f"{find}{source}\nimport time; time.sleep(100)")["torch"]
    assert (seen.outcome, seen.where) == ("fails", None)


def test_secrets_are_left_out(imported: Imported) -> None:
    seen = imported(torch="raise OSError('https://me:secret@host/x')")["torch"]
    assert seen.error == "OSError: https://***@host/x"
    assert "OSError: https://***@host/x" in seen.detail


def test_nothing_is_written_into_the_environment_and_cuda_is_left_alone(imported: Imported) -> None:
    asked = ("HF_HUB_OFFLINE", "VLLM_NO_USAGE_STATS", "PYTORCH_NVML_BASED_CUDA_CHECK", "PYTHONDONTWRITEBYTECODE")
    seen = imported(torch=f"import os\n__version__ = ' '.join(os.environ[name] for name in {asked})")["torch"]
    assert seen.version == "1 1 1 1"
    assert "VERL_DOCTOR_TEST" in os.environ
