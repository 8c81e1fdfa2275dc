"""Cuts a stream of bytes into blocks of whole lines."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

SIZE: Final = 2**20
"""How many bytes are read at once."""
LONGEST: Final = 4 * SIZE
"""Where a line is longer, it is cut."""
_BOMS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Whole lines of a log; `first` is the number of the first, from 1."""

    data: bytes
    first: int


def blocks(chunks: Iterable[bytes]) -> Iterator[Block]:
    """Yield what the chunks hold; for an empty chunk, which says that there is no more for now, an empty block.

    A carriage return ends a line too, as progress bars are written, but does not count as one.
    """
    first, rest = 1, b""
    for chunk in _as_utf8(chunks):
        data = rest + chunk
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not end and len(data) > LONGEST:
            end = len(data)
        whole, rest = data[:end], data[end:]
        if whole or not chunk:
            yield Block(data=whole, first=first)
        first += whole.count(b"\n")
    if rest:
        yield Block(data=rest, first=first)


def _as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks, those of UTF-16 (as PowerShell redirects) in UTF-8."""
    decoder: codecs.IncrementalDecoder | None = None
    is_start = True
    for chunk in chunks:
        if is_start and chunk:
            is_start = False
            if name := _BOMS.get(chunk[:2]):
                decoder = codecs.getincrementaldecoder(name)("replace")
        yield decoder.decode(chunk).encode("utf-8", "replace") if decoder else chunk
