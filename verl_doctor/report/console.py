"""Where a text report goes."""

from __future__ import annotations

import os
from typing import Final, TextIO

from rich.console import Console

UNFOLDED: Final = 100_000


def console(stream: TextIO) -> Console:
    """Return a console on a stream: folded to a terminal's width (or COLUMNS), unfolded into a pipe or file."""
    is_folded = stream.isatty() or "COLUMNS" in os.environ
    return Console(file=stream, highlight=False, width=None if is_folded else UNFOLDED)
