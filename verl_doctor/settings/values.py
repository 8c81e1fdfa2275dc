"""Values as Hydra reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, Final

Plain = bool | int | float | str | None
_WORDS: Final[dict[str, Plain]] = {"true": True, "false": False, "null": None}
_DIGITS: Final = r"[0-9](?:_?[0-9])*"
_NUMBER: Final = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_LONGEST: Final = 1000
"""How many characters a number has at most; no setting needs more, and Python refuses longer ones."""
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
    if len(stripped) <= _LONGEST and _NUMBER.fullmatch(stripped):
        return float(stripped) if {".", "e", "E"} & set(stripped) else int(stripped)
    return stripped


def number(text: str | None) -> float | None:
    """Return a value that is a number; None for any other."""
    value = plain(text) if text is not None else None
    return None if value is None or isinstance(value, bool | str) else value


def whole(text: str | None) -> int | None:
    """Return a value that is a whole number; None for any other."""
    value = number(text)
    return int(value) if value is not None and math.isfinite(value) and value == int(value) else None


def written(default: Any) -> str:
    """Return a default of a table as a launch would write it."""
    if isinstance(default, bool) or default is None:
        return {True: "True", False: "False", None: "null"}[default]
    return str(default)


def is_beyond(value: Plain, sign: str, bound: float) -> bool:
    """Say whether a value is a number on the right side of a bound."""
    return not isinstance(value, bool | str | None) and _SIGNS[sign](value, bound)
