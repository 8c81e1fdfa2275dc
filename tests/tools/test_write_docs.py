"""The generated page is up to date."""

from __future__ import annotations

from tools import write_docs


def test_page_is_up_to_date() -> None:
    assert write_docs.PAGE.read_text("utf-8") == write_docs.page(), "run python tools/write_docs.py"
