"""Where a text report goes."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from verl_doctor.report.plain_text import printable

UNFOLDED: Final = 100_000


class PrintableConsole(Console):
    """A console on which only the doctor's own styles steer the terminal, and nothing that a text holds."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield the parts of what is printed, with escapes for what is no text."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)


def console(stream: TextIO) -> Console:
    """Return a console on a stream: folded to a terminal's width (or COLUMNS), unfolded into a pipe or file."""
    is_folded = stream.isatty() or "COLUMNS" in os.environ
    return PrintableConsole(file=stream, highlight=False, width=None if is_folded else UNFOLDED)
