"""The guide to patches of your own, and the code in it."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = Path(__file__).parents[2].joinpath("docs/own-patches.md").read_text()


def block(label: str) -> str:
    """The code between a comment and its end."""
    found = re.search(rf"<!-- {re.escape(label)} -->\n```\w+\n(.*?)```\n<!-- end -->", TEXT, re.DOTALL)
    assert found, label
    return found[1]


PATCH = block("file: rewards_newline.py")
SOURCE = block("file: score.py")
