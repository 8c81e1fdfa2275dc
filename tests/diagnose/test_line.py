"""Lines of logs without what is put before them."""

from __future__ import annotations

import pytest

from verl_doctor.diagnose.line import LONGEST, Line, read


@pytest.mark.parametrize(
    ("raw", "who", "level", "text"),
    [
        pytest.param(b"ValueError: x", "", None, "ValueError: x", id="nothing before it"),
        pytest.param(b'  File "a.py", line 1, in f', "", None, '  File "a.py", line 1, in f', id="indented"),
        pytest.param(b"(WorkerDict pid=12, ip=10.0.0.3)   x", "WorkerDict pid=12, ip=10.0.0.3", None, "  x", id="ray"),
        pytest.param(b"\x1b[36m(main_task pid=9)\x1b[0m x", "main_task pid=9", None, "x", id="ray in colour"),
        pytest.param(b"[36m(main_task pid=9)[0m x", "main_task pid=9", None, "x", id="ray in colour, pasted"),
        pytest.param(b"(raylet, ip=10.0.0.3) x", "raylet, ip=10.0.0.3", None, "x", id="raylet"),
        pytest.param(b"ERROR 05-12 10:11:12 [core.py:396]   x", "", "error", "  x", id="vllm"),
        pytest.param(b"ERROR 05-12 10:11:12 engine.py:390] x", "", "error", "x", id="vllm 0.7"),
        pytest.param(
            b"(EngineCore_0 pid=7) WARNING 05-12 10:11:12 [x.py:1] y",
            "EngineCore_0 pid=7",
            "warning",
            "y",
            id="vllm v1",
        ),
        pytest.param(
            b"2025-05-12 10:11:12,123\tERROR worker.py:409 -- Unhandled", "", "error", "Unhandled", id="ray's own"
        ),
        pytest.param(b"[2025-05-12 10:11:12,123 E 12 34] (raylet) a.cc:1: x", "", "error", "x", id="ray's c++"),
        pytest.param(b"[2025-05-12 10:11:12,123][root][ERROR] - x", "", "error", "x", id="hydra"),
        pytest.param(b"2025-05-12 10:11:12.123 | ERROR    | m:f:1 - x", "", "error", "x", id="loguru"),
        pytest.param(b"[rank3]:[E512 10:11:12.1 ProcessGroupNCCL.cpp:616] x", "rank3", "error", "x", id="c10d"),
        pytest.param(b"[rank3]: Traceback", "rank3", None, "Traceback", id="torchrun"),
        pytest.param(b" 3: ValueError: x", "3", None, "ValueError: x", id="srun --label"),
        pytest.param(b"[1,0]<stderr>: x", "0", None, "x", id="mpirun"),
        pytest.param(b"2025-05-12T10:11:12.123Z stdout F   x", "", None, "  x", id="kubectl"),
        pytest.param(b"ERROR:root:x", "", "error", "x", id="logging"),
        pytest.param(b"caf\xe9 \xff", "", None, "caf\ufffd \ufffd", id="not utf-8"),
        pytest.param(b"10: 5 things", "", None, "10: 5 things", id="a number is not a task before a digit"),
        pytest.param(b"x\r", "", None, "x", id="windows"),
        pytest.param(b"  3:   x", "3", None, "  x", id="srun --label with many tasks"),
        pytest.param(b"0: ", "0", None, "", id="an empty line of srun --label"),
        pytest.param(b"0: 2025-05-12 10:11:12,123\tERROR worker.py:409 -- x", "0", "error", "x", id="srun and ray"),
        pytest.param(b"[pod/trainer-0/main] x", "pod/trainer-0/main", None, "x", id="kubectl --prefix"),
        pytest.param(b"trainer-1  |   x", "trainer-1", None, "  x", id="docker compose"),
        pytest.param(b"E0512 10:11:12.000000 12 torch/api.py:869] x", "", "error", "x", id="elastic launcher"),
        pytest.param(b"[ERROR] x", "", "error", "x", id="level in brackets"),
        pytest.param(b"2025-05-12 10:11:12 ERROR x", "", "error", "x", id="date and level"),
        pytest.param(b"a\x1bcb\x1b(0c\xc2\x9b2J\x07", "", None, "abc2J", id="terminal escapes"),
        pytest.param(b'{"log":"(W pid=1) x: y\\n","stream":"stderr"}', "W pid=1", None, "x: y", id="docker's json"),
        pytest.param(b'{"level":"error","msg":"x: y"}', "", "error", "x: y", id="a logger's json"),
        pytest.param(b'{"a": 1}', "", None, '{"a": 1}', id="other json"),
    ],
)
def test_heads(raw: bytes, who: str, level: str | None, text: str) -> None:
    (line,) = read(7, raw)
    assert (line.number, line.who, line.level, line.text) == (7, who, level, text)


def test_repeated_by_ray() -> None:
    (line,) = read(1, b"(W pid=1) x: y [repeated 7x across cluster] (Ray deduplicates logs by default.)")
    assert line == Line(number=1, who="W pid=1", level=None, text="x: y", times=7)


def test_long_lines_are_cut() -> None:
    (line,) = read(1, b"x" * 10**6)
    assert len(line.text) == LONGEST


def test_json_of_several_lines() -> None:
    assert [line.text for line in read(1, b'{"message": "a\\nb"}')] == ["a", "b"]
