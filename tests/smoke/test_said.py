"""What the lines of a child mean, and what is told of its output."""

from __future__ import annotations

import json

import pytest

from verl_doctor.smoke import said

END = {"event": "end", "probe": "rollout", "outcome": "passed", "measurements": {}}
CRASH = """\
loading
Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "/home/me/act.py", line 7 in act
  File "/home/me/main.py", line 9 in main
"""
ASKED = 'Current thread 0x00007f (most recent call first):\n  File "/home/me/wait.py", line 5 in wait\n'


def test_a_beginning() -> None:
    event = said.event(1, b'{"event": "begin", "probe": "rollout"}')
    assert event == said.Event(rank=1, probe="rollout")


def test_an_end() -> None:
    told = {
        **END,
        "outcome": "failed",
        "measurements": {"a": [1]},
        "reason": " two\nlines ",
        "detail": "\x1bM",
    }
    assert said.event(0, json.dumps(told).encode()) == said.Event(
        rank=0, probe="rollout", outcome="failed", measurements={"a": [1]}, reason="two lines"
    )


@pytest.mark.parametrize(
    ("number", "means"),
    [("1.5", 1.5), ("NaN", None), ("-Infinity", None), ("1e999", None), ("2", 2), ("[1e999]", [None])],
)
def test_numbers_that_json_cannot_say_are_none(number: str, means: object) -> None:
    event = said.event(0, json.dumps({**END, "measurements": {"a": 0}}).replace('"a": 0', f'"a": {number}').encode())
    assert event is not None
    assert event.measurements == {"a": means}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"tensor([1])", id="no JSON"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[" * 100_000, id="too deep to read"),
        pytest.param(b"1" * 5000, id="too long a number"),
        pytest.param(b'["end"]', id="a list"),
        pytest.param(b'{"event": "begin"}', id="of no probe"),
        pytest.param(b'{"event": "begin", "probe": 1}', id="of a probe without a name"),
        pytest.param(b'{"event": "end", "probe": "rollout", "outcome": "passed"}', id="without measurements"),
        pytest.param(json.dumps({**END, "event": "middle"}).encode(), id="neither begin nor end"),
        pytest.param(json.dumps({**END, "outcome": "splendid"}).encode(), id="no outcome that there is"),
        pytest.param(json.dumps({**END, "measurements": [1]}).encode(), id="measurements without names"),
        pytest.param(json.dumps({**END, "measurements": {"a": [[[[1]]]]}}).encode(), id="too deep a measurement"),
    ],
)
def test_what_is_no_event(line: bytes) -> None:
    assert said.event(0, line) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("as it is\nand more", "as it is\nand more", id="plain"),
        pytest.param("\x1b[1;31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b]0;title\x07text\x1b]8;;\x1b\\", "text", id="titles and links"),
        pytest.param("50%\r100%", "50%\n100%", id="a progress bar"),
        pytest.param("a\tb", "a b", id="tab"),
        pytest.param("a\0\x07\x7f\u202e\udcffb", "ab", id="what cannot be shown"),
        pytest.param("größer 大", "größer 大", id="letters of all kinds"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert said.plain(text) == shown


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("  two \n\n lines ", "two lines", id="lines"),
        pytest.param("x" * 1000, "x" * 400, id="long"),
        pytest.param("\x1b[0m\n", "", id="nothing"),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert said.one_line(text) == line


@pytest.mark.parametrize(
    ("output", "line"),
    [
        pytest.param("", "", id="nothing"),
        pytest.param("\n \n", "", id="blank"),
        pytest.param("one\ntwo\n\n", "two", id="the last line"),
        pytest.param("ValueError: bad\nbye", "ValueError: bad", id="an error before the last line"),
        pytest.param("ValueError: a\nKeyError: b\nbye", "KeyError: b", id="the last error"),
        pytest.param("CUDA error: out of memory\nbye", "CUDA error: out of memory", id="of CUDA"),
        pytest.param("  what():  broken\nbye", "what(): broken", id="of C++"),
        pytest.param("no error, no Exceptions\nbye", "bye", id="only the word"),
        pytest.param("x" * 500 + " KeyError: b", "KeyError: b", id="at the end of a long line"),
        pytest.param(CRASH, "loading", id="not what Python adds to a crash"),
    ],
)
def test_telling(output: str, line: str) -> None:
    assert said.telling(output) == line


@pytest.mark.parametrize(
    ("output", "where"),
    [
        pytest.param("loading\n", None, id="not told"),
        pytest.param(CRASH, "line 7 of act.py, in act", id="a crash"),
        pytest.param(ASKED, "line 5 of wait.py, in wait", id="asked"),
        pytest.param(CRASH + ASKED, "line 5 of wait.py, in wait", id="the last of several"),
        pytest.param(CRASH.replace("Current thread", "Thread"), None, id="another thread"),
    ],
)
def test_whereabouts(output: str, where: str | None) -> None:
    assert said.whereabouts(output) == where
