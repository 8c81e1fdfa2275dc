"""What a node has of one thing: a text, or an amount that may vary a little without being another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

TOLERANCE: Final = 1.1
"""Amounts within a tenth of each other count as the same: no two kernels keep the same memory for themselves."""
_UNITS: Final = (("TiB", 2**40), ("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))


@dataclass(frozen=True, slots=True)
class Amount:
    """A number of bytes."""

    number: int


@dataclass(frozen=True, slots=True)
class Among:
    """A text that is compared only among the nodes that have the thing at all."""

    text: str


Value = str | Amount | Among
Observed = tuple[str, Value]
"""The thing, and what a node has of it."""


def said(amounts: Sequence[Amount]) -> str:
    """Return amounts that count as the same in words: one of them, or from the least to the most."""
    least, most = (_one(edge(amount.number for amount in amounts)) for edge in (min, max))
    return least if least == most else f"{least} to {most}"


def _one(number: int) -> str:
    unit, size = next(((name, size) for name, size in _UNITS if number >= size), ("bytes", 1))
    return f"{number / size:.3g} {unit}"
