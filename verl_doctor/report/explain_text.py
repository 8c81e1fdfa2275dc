"""An entry, or the list of all, for a person at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from verl_doctor.explain.entry import Entry
from verl_doctor.explain.page import Block, Code, Heading, Items, Paragraph, blocks, head
from verl_doctor.report.fold import fold

WIDEST: Final = 80
"""Columns of text that one reads with ease."""
UNFOLDED: Final = 10**6
_IN_ONE_LINE: Final = 120
"""Columns in which the list has its sentences beside the names."""


def console() -> Console:
    """Return where to print: folded for a terminal, each paragraph on one line for a pipe or a file."""
    made = Console(highlight=False)
    made.width = min(made.width, WIDEST) if made.is_terminal else UNFOLDED
    return made


def render(entry: Entry, console: Console) -> None:
    """Print an entry."""
    fold(console, 0, Text.assemble((entry.name, "bold"), f"  {head(entry)}"))
    before: Block | None = None
    for block in blocks(entry):
        # What a heading announces, and the commands of a sentence, belong to it.
        if not isinstance(before, Heading) and not isinstance(block, Code):
            console.print()
        _block(block, console)
        before = block


def _block(block: Block, console: Console) -> None:
    match block:
        case Heading(text):
            console.print(Text(text, style="bold"))
        case Paragraph(text):
            fold(console, 2, Text(" ".join(text.split())))
        case Items(texts):
            for text in texts:
                _item(text, console)
        case Code(lines):
            for line in lines:
                console.print(Text(f"      {line}", style="bold"), soft_wrap=True)


def _item(text: str, console: Console) -> None:
    for number, line in enumerate(Text(text).wrap(console, max(20, console.width - 4))):
        line.rstrip()
        console.print(Text("  - " if number == 0 else "    ").append_text(line), soft_wrap=True)


def render_all(found: Mapping[str, Sequence[Entry]], console: Console) -> None:
    """Print what there is, by group, a layer or the smoke test: ids, name and sentence."""
    every = [entry for group in found.values() for entry in group]
    widths = max(len(_ids(entry)) for entry in every), max(len(entry.name) for entry in every)
    for title, group in found.items():
        console.print(Text(title, style="bold"))
        for entry in group:
            name = f"{_ids(entry):{widths[0]}}  {entry.name:{widths[1]}}"
            if console.width >= _IN_ONE_LINE:
                console.print(Text(f"  {name}  {entry.title}"), soft_wrap=True)
            else:
                console.print(Text(f"  {name.strip()}"), soft_wrap=True)
                fold(console, widths[0] + 4, Text(entry.title, style="dim"))
        console.print()


def _ids(entry: Entry) -> str:
    """Return the ids of an entry; none where its name is its id."""
    return "" if entry.kind == "probe" else " ".join(entry.ids)
