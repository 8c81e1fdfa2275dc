"""The page of recipes shows every example, each from its file."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS.joinpath("recipes.md").read_text("utf-8")
EXAMPLES = {path for path in DOCS.parent.joinpath("examples").rglob("*") if path.is_file()}
SHOWN = [(DOCS / path).resolve() for path in re.findall(r"^```\{literalinclude\} (\S+)$", PAGE, re.MULTILINE)]


def test_every_example_is_shown_once() -> None:
    assert sorted(SHOWN) == sorted(EXAMPLES)


def test_every_example_can_be_opened_from_the_page() -> None:
    linked = {(DOCS / path).resolve() for path in re.findall(r"\]\((\.\./examples/[^)]+)\)", PAGE)}
    assert linked == EXAMPLES
