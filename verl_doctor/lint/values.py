"""Values as Hydra reads them, and what a known failure asks of one."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from verl_doctor.errors import DataError

Plain = bool | int | float | str | None
_WORDS: Final[dict[str, Plain]] = {"true": True, "false": False, "null": None}
_NUMBER: Final = re.compile(r"[+-]?(\d[\d_]*)?(\.\d*)?([eE][+-]?\d+)?")
_BOUND: Final = re.compile(r"(>=|<=|>|<)\s*([\d.]+)")
_SIGNS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">=": lambda value, bound: value >= bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    "<": lambda value, bound: value < bound,
}


def plain(text: str) -> Plain:
    """Return a value as Hydra reads it: true and True are one, 0.60 is 0.6, quotes go."""
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "'\"":
        return stripped[1:-1]
    if stripped.lower() in _WORDS:
        return _WORDS[stripped.lower()]
    if any(character.isdigit() for character in stripped) and _NUMBER.fullmatch(stripped):
        return float(stripped) if {".", "e", "E"} & set(stripped) else int(stripped)
    return stripped


def number(text: str | None) -> float | None:
    """Return a value that is a number; None for any other."""
    value = plain(text) if text is not None else None
    return None if value is None or isinstance(value, bool | str) else value


def written(default: Any) -> str:
    """Return a default of a table as a launch would write it."""
    if isinstance(default, bool) or default is None:
        return {True: "True", False: "False", None: "null"}[default]
    return str(default)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a value must be, as the data state it: "False", "vllm or sglang", ">1"."""

    stated: str
    place: str = field(compare=False, repr=False)

    def __post_init__(self) -> None:
        """Raise DataError where it is empty."""
        if not self.stated:
            raise DataError(f"{self.place}: a setting must be compared with something.")

    def holds(self, text: str) -> bool:
        """Say whether a value is what is wanted."""
        if bound := _BOUND.fullmatch(self.stated):
            value = number(text)
            return value is not None and _SIGNS[bound.group(1)](value, float(bound.group(2)))
        return any(plain(text) == plain(each) for each in self.stated.split(" or "))

    @property
    def is_bound(self) -> bool:
        """Say whether it compares numbers."""
        return _BOUND.fullmatch(self.stated) is not None
