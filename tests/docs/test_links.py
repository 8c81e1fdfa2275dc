"""Every link between pages leads to a file and a heading that are there, as the code host resolves them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")})
_FENCE = re.compile(r"^(```+|~~~+).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def targets(page: Path) -> list[str]:
    """The links of a page that lead to no other host."""
    prose = _CODE.sub("", _FENCE.sub("", page.read_text("utf-8")))
    return [target for target in _LINK.findall(prose) if not re.match(r"[a-z]+:", target)]


@cache
def anchors(page: Path) -> frozenset[str]:
    """What the code host makes of a page's headings."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text("utf-8")))
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings)


def leads_somewhere(page: Path, target: str) -> bool:
    """Whether a link on a page leads to a file, and to a heading in it."""
    path, _, anchor = unquote(target).partition("#")
    place = page.parent / path if path else page
    return place.exists() and (not anchor or (place.suffix == ".md" and anchor in anchors(place)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links(page: Path) -> None:
    assert [target for target in targets(page) if not leads_somewhere(page, target)] == []


def test_broken_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One two?\n[a](gone.md) [b](#one-two) [c](#gone) [d](page.md#one-two) `[e](code.md)`\n")
    assert targets(page) == ["gone.md", "#one-two", "#gone", "page.md#one-two"]
    assert [leads_somewhere(page, target) for target in targets(page)] == [False, True, False, True]


def test_the_site_starts_as_the_readme_does() -> None:
    demo = re.search(
        r"<!-- command: demo -->\n(```sh\n.*?```)", ROOT.joinpath("README.md").read_text("utf-8"), re.DOTALL
    )
    assert demo
    assert demo[1] in ROOT.joinpath("docs/index.md").read_text("utf-8")
