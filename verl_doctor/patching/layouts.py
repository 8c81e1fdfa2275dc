"""The same source written in other ways: line ends, encodings, indentation and white space that real files have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

Layout = Callable[[str], bytes]


def _tabs(source: str) -> bytes:
    return re.sub("(?m)^(?:    )+", lambda match: "\t" * (len(match[0]) // 4), source).encode()


def _latin_1(source: str) -> bytes:
    return ("# coding: latin-1\n# \xe9\n" + source + "NAME = '\xfc'\n").encode("latin-1", "backslashreplace")


LAYOUTS: Final[Mapping[str, Layout]] = {
    "plain": str.encode,
    "CRLF": lambda source: source.replace("\n", "\r\n").encode(),
    "byte order mark": lambda source: b"\xef\xbb\xbf" + source.encode(),
    "latin-1": _latin_1,
    "tabs": _tabs,
    "form feed": lambda source: source.replace("\n\n\n", "\n\x0c\n\n").encode(),
    "no newline at the end": lambda source: source.encode() + b"LAST = 1",
    "white space at the end": lambda source: source.encode() + b"\n  \n\t\n\n   ",
    "odd line ends after the edit": lambda source: source.encode() + b"A = 1\rB = 2\r\n",
    "white space at line ends": lambda source: source.replace("\n\n", "\n   \n").encode(),
}
"""Ways to write a source that ends with a newline and is indented by four spaces; an edit commutes with each."""
