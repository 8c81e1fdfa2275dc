"""Text folded to a console's width."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from verl_doctor.report.plain_text import LINE_ENDS, in_a_line

NARROWEST: Final = 20


def fold(console: Console, indent: int, text: Text) -> None:
    r"""Print a text in lines that fit the console, each indented, without the trailing blanks that rich pads with.

    Empty lines before what is not indented stay; any other end of a line is shown as an escape (`\x0a`), so that what
    a file or a program gave us has no line of its own.
    """
    while not indent and text.plain.startswith("\n"):
        console.print()
        text = text[1:]
    for line in _in_a_line(text).wrap(console, max(NARROWEST, console.width - indent)):
        line.rstrip()
        console.print(Text(" " * indent).append_text(line), soft_wrap=True)


def _in_a_line(text: Text) -> Text:
    for end in LINE_ENDS:
        if end in text.plain:
            text = Text(in_a_line(end)).join(text.split(end, allow_blank=True))
    return text
