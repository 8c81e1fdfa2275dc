"""Whole numbers that a shell works out: $((1024 * 2))."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Node

_LARGEST: Final = 2**63
_BINARY: Final[Mapping[str, Callable[[int, int], int]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def calculated(node: Node, text_of: Callable[[Node], str | None]) -> int | None:
    """Return the value of an expression; None where it depends on what is not known.

    `text_of` returns the text of a number, of a variable named without a dollar, and of an expansion.
    """
    match node.type:
        case "arithmetic_expansion" | "parenthesized_expression":
            inner = node.named_children
            return calculated(inner[0], text_of) if len(inner) == 1 else None
        case "binary_expression":
            return _binary(node, text_of)
        case "unary_expression":
            return _unary(node, text_of)
        case "number" | "word" | "variable_name" | "simple_expansion" | "expansion":
            return _number(text_of(node))
        case _:
            return None


def _number(text: str | None) -> int | None:
    """Return a number as a shell reads it: octal with a leading zero, hexadecimal with 0x."""
    if text is None or not text.isascii():
        return None
    plain = text.strip().removeprefix("-")
    octal = len(plain) > 1 and plain[0] == "0" and plain[1:].isdigit()
    try:
        number = int(text, 8 if octal else 0) if plain else 0
    except ValueError:
        return None
    return number if abs(number) < _LARGEST else None


def _binary(node: Node, text_of: Callable[[Node], str | None]) -> int | None:
    sides = node.child_by_field_name("left"), node.child_by_field_name("right")
    sign = node.child_by_field_name("operator")
    if sides[0] is None or sides[1] is None or sign is None:
        return None
    left, right = calculated(sides[0], text_of), calculated(sides[1], text_of)
    if left is None or right is None:
        return None
    if sign.type in {"/", "%"}:
        return _divided(left, right, remainder=sign.type == "%")
    if sign.type == "**":
        return _power(left, right)
    result = _BINARY[sign.type](left, right) if sign.type in _BINARY else None
    return int(result) if result is not None and abs(result) < _LARGEST else None


def _divided(left: int, right: int, *, remainder: bool) -> int | None:
    """Return a quotient towards zero, as in C, or what is left over."""
    if right == 0:
        return None
    quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
    return left - quotient * right if remainder else quotient


def _power(left: int, right: int) -> int | None:
    if not 0 <= right < _LARGEST.bit_length():
        return None
    result = left**right
    return result if abs(result) < _LARGEST else None


def _unary(node: Node, text_of: Callable[[Node], str | None]) -> int | None:
    inner = node.named_children
    value = calculated(inner[-1], text_of) if inner else None
    sign = node.children[0].type
    if value is None or sign not in {"-", "+"} or inner[-1].type == "binary_expression":
        return None  # the grammar reads -1 + 2 as -(1 + 2)
    return -value if sign == "-" else value
