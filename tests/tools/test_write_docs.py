"""The generated pages are up to date."""

from __future__ import annotations

import re

import pytest

from tools import write_docs
from verl_doctor.examine import questions


@pytest.mark.parametrize("name", write_docs.pages())
def test_page_is_up_to_date(name: str) -> None:
    assert write_docs.written(name) == write_docs.pages()[name], "run python tools/write_docs.py"


def test_no_page_is_left_over() -> None:
    assert write_docs.left_over() == []


def test_every_check_has_a_page() -> None:
    assert {f"failures/{question.name}.md" for question in questions()} <= write_docs.pages().keys()


def test_the_index_by_layer_leads_to_every_page_once() -> None:
    index = write_docs.pages()["failures/README.md"]
    told = re.findall(r"^- \[(.+?)\]\((.+?)\)", index, re.MULTILINE)
    pages = {name.partition("/")[2] for name in write_docs.pages() if name.startswith("failures/")}
    assert sorted(file for _, file in told) == sorted(pages - {"README.md"})
    assert all(file == f"{name}.md" for name, file in told)
    assert index.index("## interpreter") < index.index("## torch") < index.index("## node")
