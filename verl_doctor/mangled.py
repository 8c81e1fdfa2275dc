"""C++ symbols for people: the qualified name in a mangled one, and which C++ ABI its strings are of.

The grammar is https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling. Parameters are left out: they stand in the
mangled name, by which one searches. What is not understood gives None, never a wrong name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_PIECE: Final = re.compile(
    r"S[tabsiod]|S[0-9A-Z]*_|T[0-9]*_|L[a-z]n?[0-9]+E|A[0-9]*_|[CD][0-9]|D[a-z]|Ul|[0-9]{1,9}|.", re.DOTALL
)
_SPECIAL: Final = {
    "TV": "vtable for ",
    "TI": "typeinfo for ",
    "TS": "typeinfo name for ",
    "TT": "VTT for ",
    "GV": "guard variable for ",
}
_OPENING: Final = frozenset((*"NIJFXLZ", "Ul"))
_CLOSING: Final = "E"
_QUALIFIERS: Final = frozenset("KVRO")
_OPERATORS: Final = dict(
    re.findall(
        r"([a-z][a-zA-Z])(\S+)",
        "pl+ mi- ml* dv/ rm% eq== ne!= lt< gt> le<= ge>= ls<< rs>> an& or| eo^ co~ nt! aS= pL+= mI-= mL*= dV/= pp++ "
        "mm-- cl() ix[] pt-> de* ad& aa&& oo||",
    )
)


def readable(symbol: str) -> str | None:
    """Return the qualified name of a mangled symbol ("torch::jit::parseSchemaOrName"), or None where it is unclear."""
    if not symbol.startswith("_Z"):
        return None
    special = _SPECIAL.get(symbol[2:4], "")
    pieces = _pieces(symbol[4:] if special else symbol[2:])
    first = next(pieces, "")
    name = "::".join(_parts(pieces)) if first == "N" else first[1:] if first.startswith("=") else ""
    return special + name if name else None


def has_cxx11_strings(symbol: str) -> bool | None:
    """Say whether a symbol's strings are of the C++11 ABI (True), of the old one (False), or absent (None)."""
    if "7__cxx11" in symbol:
        return True
    return False if any(piece in {"Ss", "Sb"} for piece in _pieces(symbol.removeprefix("_Z"))) else None


def _parts(pieces: Iterator[str]) -> list[str]:
    """Return the parts of the nested name that follows, up to the E that ends it; none where it is unclear."""
    parts: list[str] = []
    depth = 0
    operator = ""
    for piece in pieces:
        if depth or piece in _OPENING:
            if depth == 0 and piece == "I" and parts:
                parts[-1] += "<...>"
            depth += 1 if piece in _OPENING else -(piece == _CLOSING)
        elif piece == _CLOSING:
            return [] if operator else parts
        elif part := _part(piece, parts):
            parts.append(part)
        elif operator or piece.islower():
            operator += piece
            if operator in _OPERATORS:
                parts.append(f"operator{_OPERATORS[operator]}")
                operator = ""
        elif piece not in _QUALIFIERS:
            return []
    return []


def _part(piece: str, before: list[str]) -> str:
    """Return what a piece adds to a nested name by itself: an identifier, std, a constructor or destructor."""
    if piece.startswith("="):
        return piece[1:]
    if piece[0] in "CD" and piece[1:].isdigit() and before:
        return "~" * (piece[0] == "D") + before[-1].partition("<")[0]
    return "std" * (piece == "St")


def _pieces(text: str) -> Iterator[str]:
    """Yield the letters of a mangled name, and its identifiers with "=" before each.

    Digits say how long the identifier after them is, but in a literal, after its type, they are its value.
    """
    opened: list[str] = []
    at, is_typed = 0, False
    while match := _PIECE.match(text, at):
        piece, at = match.group(), match.end()
        if piece.isdigit():
            if not (is_typed and opened[-1:] == ["L"]):
                length = int(piece)
                piece, at = f"={text[at : at + length]}", at + length
            is_typed = True
        elif piece in _OPENING:
            opened.append(piece)
            is_typed = False
        elif piece == _CLOSING and opened:
            opened.pop()
            is_typed = True
        yield piece
