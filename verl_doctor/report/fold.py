"""Text folded to a console's width."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

NARROWEST: Final = 20


def fold(console: Console, indent: int, text: Text) -> None:
    """Print a text in lines that fit the console, each indented, without the trailing blanks that rich pads with."""
    for line in text.wrap(console, max(NARROWEST, console.width - indent)):
        line.rstrip()
        console.print(Text(" " * indent).append_text(line), soft_wrap=True)
