"""What is being done, for who watches on a terminal."""

from __future__ import annotations

import sys


def show(text: str) -> None:
    """Show a text on a line that the next one replaces; nothing where standard error is no terminal."""
    if sys.stderr.isatty():
        from verl_doctor.report.plain_text import one_line

        sys.stderr.write(f"\r\x1b[K{one_line(text)}")
        sys.stderr.flush()
