"""Numbers that a shell works out, as bash does."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lint.reading import values

MAIN = "python3 -m verl.trainer.main_ppo trainer.n"


def value(expression: str, before: str = "") -> str | None:
    return values(f"{before}{MAIN}=$(({expression}))")["trainer.n"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", "3"),
        ("(-7) / 2", "-3"),
        ("-7 + 2", None),
        ("(-7) % 2", "-1"),
        ("2 ** 10", "1024"),
        ("010 + 0x10", "24"),
        ("3 > 2", "1"),
        ("A * $A + ${A}", "12"),
        ("+A", "3"),
        ("2 ** 999999999", None),
        ("2 ** -1", None),
        ("1 % 0", None),
        ("08", None),
        ("A ? 1 : 2", None),
        ("A = 5", None),
        ("NOBODY", None),
        ("9223372036854775807 + 1", None),
    ],
)
def test_expressions(expression: str, expected: str | None) -> None:
    assert value(expression, "A=3\n") == expected


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> str:
    """Sums, products, quotients and so on of small numbers."""
    if depth == 0 or draw(st.booleans()):
        return str(draw(st.integers(0, 99)))
    left, right = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    sign = draw(st.sampled_from(["+", "-", "*", "/", "%", "<", "=="]))
    return draw(st.sampled_from(["({0} {1} {2})", "{0} {1} {2}", "(-({0})) {1} {2}"])).format(left, sign, right)


@given(expression=expressions())
@settings(max_examples=60, deadline=None)
def test_as_in_bash(expression: str) -> None:
    finished = subprocess.run(["bash", "-c", f"echo $(({expression}))"], capture_output=True, text=True, check=False)
    expected = finished.stdout.strip() or None
    assert value(expression) == expected
