"""Text that is folded has the lines that it is folded into, and none of its own."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from verl_doctor.report.fold import fold


def folded(text: Text, width: int = 100, indent: int = 2) -> str:
    held = io.StringIO()
    fold(Console(file=held, width=width, highlight=False), indent, text)
    return held.getvalue()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two", "  one two\n"),
        ("\n\nnot a title", "  \\x0a\\x0anot a title\n"),
        ("/opt/a\nHEALTHY  fine", "  /opt/a\\x0aHEALTHY  fine\n"),
        ("a\u2028b\u2029c\n", "  a\\u2028b\\u2029c\\x0a\n"),
    ],
    ids=["one line", "lines before what is indented", "a line of its own", "other ends"],
)
def test_ends_of_lines(text: str, lines: str) -> None:
    assert folded(Text(text)) == lines


def test_a_title_has_empty_lines_before_it() -> None:
    assert folded(Text("\n\ntitle"), indent=0) == "\n\ntitle\n"


def test_it_fits_the_console() -> None:
    assert folded(Text("0123456789 " * 4), width=24).splitlines() == ["  0123456789 0123456789"] * 2


def test_styles_stay() -> None:
    held = io.StringIO()
    fold(Console(file=held, force_terminal=True, color_system="standard"), 0, Text.assemble("a\n", ("b", "red")))
    assert held.getvalue() == "a\\x0a\x1b[31mb\x1b[0m\n"
