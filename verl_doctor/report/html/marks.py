"""The small drawings that tell good from bad without colour."""

from __future__ import annotations

from typing import Final

from verl_doctor.report.html.markup import Markup, tag

_PATHS: Final = {
    "passed": "M4.5 8.5l2.4 2.4 4.8-5.4",
    "failed": "M5 5l6 6M11 5l-6 6",
    "warning": "M8 4.2v4.6M8 11.4v.1",
    "skipped": "M5 8h6",
    "unknown": "M6.2 6.3c.2-2.4 3.8-2.2 3.6.1-.1 1.3-1.8 1.4-1.8 2.9M8 11.6v.1",
}


def mark(kind: str) -> Markup:
    """Return a disc with a sign: passed, failed, warning, skipped or unknown."""
    path = tag("path", d=_PATHS[kind], class_="sign")
    return tag(
        "svg",
        tag("circle", cx=8, cy=8, r=7.25, class_="disc"),
        path,
        class_=f"mark {kind}",
        viewBox="0 0 16 16",
        aria_hidden="true",
    )
