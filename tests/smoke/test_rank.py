"""How the process of a child ends, and what becomes of its pipes."""

from __future__ import annotations

import re

import pytest

from tests.smoke.scene import Scene

AT = r", at line \d+ of script.py, in act"
KILLED = "was killed by SIGKILL, as the system does when memory runs out,"
MISALIGNED = r"print('terminate called\n  what():  CUDA error: misaligned address'); os.abort()"
FULL = "os.dup2(os.open('/dev/full', os.O_WRONLY), 1); print('x' * 10**5, flush=True)"


@pytest.mark.parametrize(
    ("body", "how", "more"),
    [
        pytest.param("os._exit(3)", "ended with status 3", "", id="leaves at once"),
        pytest.param("print('so long'); os._exit(3)", "ended with status 3", ": so long", id="last words"),
        pytest.param("os._exit(0)", "ended with status 0", "", id="leaves as if all were well"),
        pytest.param("os.kill(os.getpid(), 11)", "was killed by SIGSEGV", AT, id="crashes"),
        pytest.param(
            "ctypes.string_at(0)",
            "was killed by SIGSEGV",
            r", at line \d+ of __init__.py, in string_at",
            id="crashes in C",
        ),
        pytest.param("os.abort()", "was killed by SIGABRT", AT, id="aborts"),
        pytest.param(
            MISALIGNED,
            "was killed by SIGABRT",
            rf"{AT}: what\(\): CUDA error: misaligned address",
            id="aborts and says why",
        ),
        pytest.param("os.kill(os.getpid(), 9)", KILLED, "", id="killed"),
        pytest.param("fork('left'); noted('left'); os.kill(os.getpid(), 9)", KILLED, "", id="its child has its pipes"),
        pytest.param(
            "os.kill(os.getpid(), 34)", "was killed by (signal 34|SIGRTMIN)", "", id="killed by a real-time signal"
        ),
        pytest.param(
            r"os.write(1, bytes(range(256)) * 2**14 + b'\nlast'); os._exit(1)",
            "ended with status 1",
            ": last",
            id="prints megabytes of no text",
        ),
        pytest.param(
            r"os.write(1, b'\xff\xfe\x00\x1b]0;title\x07\x1b[1mbold\n\r50%\r100%'); os._exit(1)",
            "ended with status 1",
            ": 100%",
            id="prints what cannot be shown",
        ),
        pytest.param(
            "os.write(1, b'x' * 10**7 + b' KeyError: 1'); os.write(2, b'y' * 10**4); os._exit(1)",
            "ended with status 1",
            ": KeyError: 1y+",
            id="prints megabytes on one line",
        ),
        pytest.param('say(b\'{"event": "end"\'); os._exit(0)', "ended with status 0", "", id="half an event and death"),
        pytest.param(
            "os.close(TASK['events']); os.close(1); os.close(2)", "ended with status 1", "", id="closes all and ends"
        ),
    ],
)
def test_the_end_of_a_process_is_told_in_one_line(scene: Scene, body: str, how: str, more: str) -> None:
    failure = scene.failure(body)
    assert re.fullmatch(f"the process {how} before the probe ended{more}", failure.reason or ""), failure.reason
    assert all(line.isprintable() for line in failure.detail.split("\n"))


@pytest.mark.usefixtures("brief_grace")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("os.execvp('sleep', ['sleep', '100'])", id="becomes another program"),
        pytest.param("os.close(TASK['events']); time.sleep(100)", id="closes its pipe"),
    ],
)
def test_a_process_that_closes_its_pipe_is_not_waited_for(scene: Scene, body: str) -> None:
    assert scene.failure(body).reason == "the process closed its pipe and went on before the probe ended"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("os.close(1); os.close(2); raise KeyError('x')", "KeyError: 'x'", id="cannot print"),
        pytest.param(FULL, "OSError: .*No space left on device", id="disk full of output"),
    ],
)
def test_output_that_goes_nowhere(scene: Scene, body: str, reason: str) -> None:
    assert re.fullmatch(reason, scene.failure(body).reason or "")
