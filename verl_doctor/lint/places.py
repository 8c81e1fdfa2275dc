"""Where a person looks for a setting."""

from __future__ import annotations

from typing import Final

from verl_doctor.lint.document import Document, Setting

_BEFORE: Final = b" \t\r\n\\,"
"""What goes with a setting that is removed, and stands before it."""


def line_of(document: Document, setting: Setting) -> int:
    """Return the line that a setting itself begins in; what goes with it may begin at the end of the one above."""
    start = setting.key.start if setting.key is not None else setting.whole.start
    while start < setting.whole.end and document.data[start] in _BEFORE:
        start += 1
    return document.data.count(b"\n", 0, start) + 1


def text_of(document: Document, line: int) -> str:
    """Return a line as it is written, without its end."""
    lines = document.data.split(b"\n")
    return lines[line - 1].rstrip(b"\r").decode("utf-8", "replace") if 0 < line <= len(lines) else ""
