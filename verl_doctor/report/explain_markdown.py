"""An entry as a page of the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from verl_doctor.explain.entry import Entry
from verl_doctor.explain.page import Block, Code, Heading, Items, Paragraph, blocks, head

_LINK: Final = re.compile(r"(?<![\w/])([\w.-]+/[\w.-]+)#(\d+)")
_AT_GITHUB: Final = r"[\g<0>](https://github.com/\1/issues/\2)"
_SPECIAL: Final = re.compile(r"__|\*|<(?!https?:)")


def render(entry: Entry) -> str:
    """Return the page."""
    return f"# {entry.name}\n\n{head(entry)}\n\n{text(blocks(entry))}"


def text(found: Iterable[Block]) -> str:
    """Return blocks, a blank line between them."""
    return "\n\n".join(map(_block, found)) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(heading):
            return f"## {heading}"
        case Paragraph(paragraph):
            return _escaped(paragraph)
        case Items(items):
            return "\n".join(f"- {_LINK.sub(_AT_GITHUB, _escaped(item))}" for item in items)
        case Code(lines):
            return "\n".join(("```text", *lines, "```"))


def _escaped(plain: str) -> str:
    """Keep what is no code from being read as emphasis or as a tag."""
    parts = plain.split("`")
    parts[::2] = [_SPECIAL.sub(lambda match: re.sub(r"(.)", r"\\\1", match.group()), part) for part in parts[::2]]
    return "`".join(parts)
