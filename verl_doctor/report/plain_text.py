"""Text that any format can hold, whatever a file or a program gave us."""

from __future__ import annotations

import re
from typing import Final

_BIDI: Final = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""What turns the direction of the text around it, so that it reads as what it is not (CVE-2021-42574)."""
_UNPRINTABLE: Final = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff{_BIDI}]|\r(?!\n)")
LINE_ENDS: Final = "\n\u2028\u2029"
_LINE_END: Final = re.compile(f"[{LINE_ENDS}]")


def printable(text: str) -> str:
    r"""Return a text with escapes (`\x1b`) for control characters, halves of characters, turns of direction."""
    return _UNPRINTABLE.sub(_escaped, text).replace("\r\n", "\n")


def one_line(text: str) -> str:
    """Return a text on one line."""
    return " ".join(printable(text).split())


def in_a_line(text: str) -> str:
    r"""Return a text on one line, each end of a line in it an escape (`\x0a`): a path or a command stays what it is."""
    return _LINE_END.sub(_escaped, printable(text))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 - a byte
