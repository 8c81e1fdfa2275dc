"""What every match of an expression holds."""

from __future__ import annotations

import re

import pytest

from verl_doctor import knowledge
from verl_doctor.diagnose.literals import literals


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param("plain text", {"plain text"}, id="a text"),
        pytest.param(r"short \d+ and the longest", {" and the longest"}, id="the longest run"),
        pytest.param("(one|two) x", {"one", "two"}, id="every way of a choice"),
        pytest.param("(one|.*)xy", {"xy"}, id="a choice that says nothing"),
        pytest.param("(?:optional)?needed", {"needed"}, id="what may be left out"),
        pytest.param("(?:once)+", {"once"}, id="what comes at least once"),
        pytest.param(r"\d+", set(), id="nothing can be said"),
    ],
)
def test_literals(pattern: str, expected: set[str]) -> None:
    assert literals(pattern) == expected


def test_of_what_is_no_expression() -> None:
    with pytest.raises(re.error):
        literals("(")


@pytest.mark.parametrize("failure", knowledge.load(), ids=lambda failure: failure.name)
def test_each_signature_has_words_that_are_rare(failure: knowledge.failure.Failure) -> None:
    for pattern in failure.texts.signature:
        assert min(map(len, literals(pattern.pattern)), default=0) >= 5, pattern.pattern
