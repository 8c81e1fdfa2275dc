"""The generated pages are up to date."""

from __future__ import annotations

import pytest

from tools import write_docs


@pytest.mark.parametrize("name", write_docs.pages())
def test_page_is_up_to_date(name: str) -> None:
    page = write_docs.DOCS / name
    assert page.read_text("utf-8") == write_docs.pages()[name], "run python tools/write_docs.py"
