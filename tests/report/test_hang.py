"""Lines folded to a terminal, and to nothing else."""

from __future__ import annotations

import io
import os
import pty

import pytest

from verl_doctor.report.hang import hang, width_of


@pytest.mark.parametrize(
    ("line", "width", "folded"),
    [
        pytest.param("a  b c", None, "a  b c", id="no terminal"),
        pytest.param("a  b" + 8 * " cc", 28, "a  b" + 8 * " cc", id="fits"),
        pytest.param("a  b" + 9 * " cc", 28, "a  b" + 8 * " cc" + "\n    cc", id="folded, columns kept"),
        pytest.param(
            "to /a/path-of-one/and/the-same/name", 24, "to\n    /a/path-of-one/and/the-same/name", id="a path"
        ),
        pytest.param("aa bb " * 4, 5, "aa bb aa bb aa bb aa bb", id="narrower than can be read"),
    ],
)
def test_hang(line: str, width: int | None, folded: str) -> None:
    assert hang(line, 4, width) == folded


def test_a_pipe_has_no_width() -> None:
    assert width_of(io.StringIO()) is None


def test_a_terminal_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as stream:
        os.set_blocking(ours, False)
        assert width_of(stream) is None  # a terminal that does not say
        monkeypatch.setenv("COLUMNS", "100")
        assert width_of(stream) == 100
    os.close(ours)


def test_nothing_steers_a_terminal() -> None:
    assert hang("a \x1b[2Jb", 0, None) == r"a \x1b[2Jb"
