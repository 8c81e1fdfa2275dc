"""The commands that the pages give for installing verl-doctor go where the reader means, and find it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(ROOT.joinpath("docs").glob("*.md")),
    *sorted(ROOT.joinpath("docs/contributing").glob("*.md")),
    *sorted(path for path in ROOT.joinpath("examples").rglob("*") if path.is_file()),
]
_ANYWHERE = re.compile(r"uv pip install (?!-p |--python |--target )['\"]?[.\w]")
"""uv installs into the active environment, or that of UV_PYTHON, unless one is named."""
_FROM_AN_INDEX = re.compile(r"(install|pipx run|uvx)( -\S+)* ['\"]?verl-doctor(\[[\w,]+\])?['\"]?(?!\S| @)")
"""verl-doctor is installed from a checkout or a repository."""
_NOTHING = re.compile(r"`(uv tool|pipx) install`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_installed_and_where_is_named(page: Path) -> None:
    lines = page.read_text("utf-8").splitlines()
    assert [line for line in lines if _ANYWHERE.search(line) or _FROM_AN_INDEX.search(line)] == []
    assert not _NOTHING.search(page.read_text("utf-8"))


@pytest.mark.parametrize(
    "line",
    [
        "uv venv && uv pip install '.[demo]'",
        "uv pip install verl-doctor",
        "pip install 'verl-doctor[lint]'",
        "uv tool install verl-doctor",
        "pipx install verl-doctor",
        "(`uv tool install`, `pipx install`)",
    ],
)
def test_a_command_that_goes_wrong_is_found(line: str) -> None:
    assert any(wrong.search(line) for wrong in (_ANYWHERE, _FROM_AN_INDEX, _NOTHING))
