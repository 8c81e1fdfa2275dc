"""Tracebacks, whole and cut, each writer's apart."""

from __future__ import annotations

import pytest

from verl_doctor.diagnose.line import read
from verl_doctor.diagnose.record import Frame, Record
from verl_doctor.diagnose.tracebacks import CUT, Tracebacks

SIMPLE = """\
Traceback (most recent call last):
  File "/a/reward.py", line 3, in compute
    return table[key]
           ~~~~~^^^^^
KeyError: 'gsm8k'"""


def records(text: str) -> list[Record]:
    tracebacks = Tracebacks()
    found = [
        record
        for number, line in enumerate(text.splitlines(), 1)
        for each in read(number, line.encode())
        for record in tracebacks.feed(each)
    ]
    found += tracebacks.end()
    assert not tracebacks.is_any_open
    return found


def said(text: str) -> list[str]:
    return [record.said for record in records(text)]


def test_a_whole_one() -> None:
    frames = (Frame(file="/a/reward.py", line=3, function="compute"),)
    assert records(SIMPLE) == [Record(line=5, who="", level=None, kind="KeyError", text="'gsm8k'", frames=frames)]


def test_a_mere_line() -> None:
    assert records("hello") == [Record(line=1, who="", level=None, text="hello")]


def test_an_exception_without_its_traceback() -> None:
    assert records("torch.OutOfMemoryError: CUDA out of memory.")[0].kind == "torch.OutOfMemoryError"


def test_writers_are_kept_apart() -> None:
    lines = zip(*([f"(W pid={pid}) {line}" for line in SIMPLE.splitlines()] for pid in (1, 2)), strict=True)
    found = records("\n".join(line for pair in lines for line in pair))
    assert [(record.who, record.kind, len(record.frames)) for record in found] == [
        ("W pid=1", "KeyError", 1),
        ("W pid=2", "KeyError", 1),
    ]


def test_a_message_of_several_lines() -> None:
    assert said(f"{SIMPLE}\nmore of it\n\nsomething else") == ["KeyError: 'gsm8k'\nmore of it", "something else"]


def test_what_a_logger_writes_goes_on_with_no_message() -> None:
    assert said(f"{SIMPLE}\nINFO 05-12 10:11:12 [x.py:1] fine") == ["KeyError: 'gsm8k'", "fine"]


@pytest.mark.parametrize(
    ("sentence", "is_handled"),
    [
        ("The above exception was the direct cause of the following exception:", False),
        ("During handling of the above exception, another exception occurred:", True),
    ],
)
def test_a_chain(sentence: str, is_handled: bool) -> None:
    found = records(f"{SIMPLE}\n\n{sentence}\n\n{SIMPLE.replace('KeyError', 'RuntimeError')}")
    assert [(record.kind, record.is_handled) for record in found] == [("KeyError", is_handled), ("RuntimeError", False)]


def test_what_ray_wraps() -> None:
    wrapped = 'ray.exceptions.RayTaskError(KeyError): ray::W.f() (pid=1)\n  File "/a/b.py", line 1, in g\nKeyError: 1'
    found = records(f"{SIMPLE.replace('KeyError: ' + repr('gsm8k'), wrapped)}")
    assert [(record.kind, record.is_wrapper) for record in found] == [
        ("ray.exceptions.RayTaskError(KeyError)", True),
        ("KeyError", False),
    ]


def test_one_whose_beginning_was_cut_off() -> None:
    assert [record.kind for record in records("\n".join(SIMPLE.splitlines()[1:]))] == ["KeyError"]


def test_one_whose_end_was_cut_off() -> None:
    assert [(record.line, record.kind) for record in records("\n".join(SIMPLE.splitlines()[:-1]))] == [(2, CUT)]


@pytest.mark.parametrize("raised", ["struct.error: unpack requires 4 bytes", "socket.timeout: timed out"])
def test_names_in_small_letters(raised: str) -> None:
    assert said(SIMPLE.replace("KeyError: 'gsm8k'", raised)) == [raised]


def test_an_exception_group() -> None:
    text = """\
  + Exception Group Traceback (most recent call last):
  |   File "/a/main.py", line 9, in main
  |     raise ExceptionGroup("two", errors)
  | ExceptionGroup: two (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/a/reward.py", line 3, in compute
    | KeyError: 'gsm8k'
    +------------------------------------"""
    assert [record.kind for record in records(text) if record.kind] == ["ExceptionGroup", "KeyError"]


def test_what_python_ignored_without_a_traceback_is_nothing() -> None:
    text = f"Exception ignored in: <_io.TextIOWrapper>\nBrokenPipeError: [Errno 32] Broken pipe\n{SIMPLE}"
    assert said(text) == ["KeyError: 'gsm8k'"]


@pytest.mark.parametrize(
    "line",
    ["srun: error: node1: task 0: Exited", "# a comment", "+ echo done", "run.sh: line 3: 12 Killed", "  5%|4  | 1/2"],
)
def test_what_goes_on_with_no_message(line: str) -> None:
    assert said(f"{SIMPLE}\n{line}") == ["KeyError: 'gsm8k'", line]


def test_further_lines_know_where_they_stand() -> None:
    text = '(W pid=1) Traceback (most recent call last):\n(W pid=1)   File "a", line 1, in f\n'
    text += "(W pid=1) ValueError: one\n(W pid=2) between\n(W pid=1)   two"
    found = next(record for record in records(text) if record.kind)
    assert found.at(found.said.index("two")) == (5, "  two")


def test_what_is_written_between_its_lines_is_heard_too() -> None:
    first, *rest = SIMPLE.splitlines()
    assert said("\n".join((first, rest[0], "RuntimeWarning is no error", "out of memory!", *rest[1:]))) == [
        "RuntimeWarning is no error",
        "out of memory!",
        "KeyError: 'gsm8k'",
    ]


def test_what_python_ignored_is_nothing() -> None:
    assert records(f"Exception ignored in: <function LLM.__del__ at 0x7f>\n{SIMPLE}") == []


def test_vllm_puts_a_head_before_every_line() -> None:
    head = "(EngineCore_0 pid=7) ERROR 05-12 10:11:12 [core.py:396] "
    text = SIMPLE + "\nRuntimeError: something else"
    assert said("\n".join(head + line for line in text.splitlines())) == [
        "KeyError: 'gsm8k'",
        "RuntimeError: something else",
    ]


def test_one_that_never_ends_is_given_up() -> None:
    lines = ["(W pid=1) Traceback (most recent call last):", '(W pid=1)   File "a.py", line 1, in f']
    tracebacks = Tracebacks()
    for number, line in enumerate([*lines, *["other"] * 500], 1):
        for each in read(number, line.encode()):
            list(tracebacks.feed(each))
    assert not tracebacks.is_any_open


def test_many_writers_take_bounded_memory() -> None:
    tracebacks = Tracebacks()
    for pid in range(10_000):
        for each in read(1, b"(W pid=%d) Traceback (most recent call last):" % pid):
            list(tracebacks.feed(each))
    assert len(list(tracebacks.end())) == 0
    assert not tracebacks.is_any_open
