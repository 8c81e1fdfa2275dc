"""References in YAML."""

from __future__ import annotations

import pytest

from verl_doctor.lint.interpolation import resolved

VALUES = {"a.b": "1", "a.c": "${.b}", "d": "x${a.c}y", "loop": "${loop}", "unknown": None}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ("${a.b}", "1"),
        ("${d}", "x1y"),
        ("${.b}-${.c}", "1-1"),
        ("${..d}", "x1y"),
        ("${oc.env:X,'5'}", "5"),
        ("${oc.env:X,${a.b}}", "1"),
        ("${oc.env:X}", None),
        ("${oc.select:a.b}", None),
        ("${loop}", None),
        ("${unknown}", None),
        ("${a.b", None),
        ("${nowhere}", None),
    ],
)
def test_resolved(value: str, expected: str | None) -> None:
    assert resolved(value, ("a", "z"), VALUES) == expected
