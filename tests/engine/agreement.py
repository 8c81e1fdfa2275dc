"""How much of what an engine generated is right."""

from __future__ import annotations

from collections.abc import Sequence

DAMAGED = 1 / 3
"""More than a damaged model gets right; chance is 1 in 16."""


def agreement(answers: Sequence[Sequence[int]], others: Sequence[Sequence[int]]) -> float:
    """Return the share of tokens that two sets of answers have in common."""
    pairs = [pair for answer, other in zip(answers, others, strict=True) for pair in zip(answer, other, strict=True)]
    return sum(one == other for one, other in pairs) / len(pairs)
