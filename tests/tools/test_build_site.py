"""What a page of the site loads from elsewhere is seen."""

from __future__ import annotations

import pytest

from tools.build_site import loaded


@pytest.mark.parametrize(
    "text",
    [
        '<script async src="https://cdn.example/a.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "@import url('https://fonts.example/css');",
        "@font-face { src: url(https://fonts.example/a.woff2) }",
        "<img alt='' src='http://img.example/a.png'>",
    ],
)
def test_loaded(text: str) -> None:
    assert len(list(loaded(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://github.com/volcengine/verl">verl</a>',
        '<script src="_static/doctools.js"></script>',
        '<link rel="canonical" href="https://docs.example/">',
        "background: url(data:image/svg+xml;base64,AAAA)",
    ],
)
def test_not_loaded(text: str) -> None:
    assert list(loaded(text)) == []
