"""A line folded to a terminal's width, without rich, which takes longer to load than `patch --status` may run."""

from __future__ import annotations

import os
from typing import Final, TextIO

from verl_doctor.report.plain_text import in_a_line

NARROWEST: Final = 20


def width_of(stream: TextIO) -> int | None:
    """Return how many columns a terminal has; None for what is none, where nothing is to be folded."""
    if not stream.isatty():
        return None
    told = os.environ.get("COLUMNS", "")
    columns = int(told) if told.isdigit() else os.get_terminal_size(stream.fileno()).columns
    return columns or None


def hang(line: str, indent: int, width: int | None) -> str:
    """Return the line, in several where it is longer than the width, all but the first indented; words stay whole.

    What would steer a terminal or begin a line is escaped.
    """
    line = in_a_line(line)
    if width is None or len(line) <= width:
        return line
    from textwrap import fill

    return fill(
        line,
        max(width, indent + NARROWEST),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
