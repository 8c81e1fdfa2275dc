"""The page can be read: its colours are far enough apart, light and dark, and it loads nothing."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = files("verl_doctor.report.html").joinpath("style.css").read_text("utf-8")
LIGHT, DARK = (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", part)) for part in STYLE.split("@media", 2)[:2])
READ = 4.5
"""WCAG's least contrast for text."""
SEEN = 3.0
"""And for what has to be told apart without being read."""
TEXTS = [
    *((text, ground) for text in ("ink", "soft", "bad", "warn", "good", "open") for ground in ("paper", "sheet")),
    *((tone, f"{tone}-wash") for tone in ("bad", "warn", "good", "open")),
    ("ink", "code"),
    ("ink", "bad-wash"),
]


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_text_can_be_read(text: str, ground: str, scheme: dict[str, str]) -> None:
    assert contrast(scheme[text], scheme[ground]) >= READ


@pytest.mark.parametrize("scheme", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])
def test_what_is_recommended_stands_out(scheme: dict[str, str]) -> None:
    assert contrast(scheme["rec"], scheme["breaks"]) >= SEEN
    assert contrast(scheme["rec"], scheme["fits"]) >= SEEN


def test_nothing_is_loaded() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE
