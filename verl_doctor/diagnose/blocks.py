"""Cuts a stream of bytes into blocks of whole lines."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

SIZE: Final = 2**20
"""How many bytes are read at once."""
LONGEST: Final = 4 * SIZE
"""Where a line is longer, it is cut."""
_BOMS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Sign(Enum):
    """What there can be in a stream beside bytes."""

    QUIET = auto()
    """Nothing has come for a while: what is there is all, for now."""
    ANEW = auto()
    """What follows is another file of the same name."""


Chunk = bytes | Sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Whole lines of a log; `first` is the number of the first, from 1. A sign comes after all that was before it."""

    data: bytes
    first: int
    sign: Sign | None = None


def blocks(chunks: Iterable[Chunk]) -> Iterator[Block]:
    """Yield what the chunks hold.

    A carriage return ends a line too, as progress bars are written, but does not count as one. What was read before an
    interrupt is given out before it goes on.
    """
    first, rest = 1, b""
    try:
        for chunk in _as_utf8(chunks):
            if isinstance(chunk, Sign):
                yield Block(data=rest, first=first, sign=chunk)
                first, rest = 1 if chunk is Sign.ANEW else first, b""
                continue
            data = rest + chunk
            end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
            if not end and len(data) > LONGEST:
                end = len(data)
            whole, rest = data[:end], data[end:]
            if whole:
                yield Block(data=whole, first=first)
                first += whole.count(b"\n")
    except KeyboardInterrupt:
        yield Block(data=rest, first=first)
        raise
    if rest:
        yield Block(data=rest, first=first)


def _as_utf8(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Yield the chunks, those of UTF-16 (as PowerShell redirects) in UTF-8, others without the NULs in them."""
    decoder: codecs.IncrementalDecoder | None = None
    is_start = True
    for chunk in chunks:
        if isinstance(chunk, Sign):
            is_start, decoder = is_start or chunk is Sign.ANEW, None if chunk is Sign.ANEW else decoder
            yield chunk
            continue
        if is_start:
            name = _BOMS.get(chunk[:2])
            decoder, is_start = codecs.getincrementaldecoder(name)("replace") if name else None, False
        if decoder:
            yield decoder.decode(chunk).encode("utf-8", "replace")
        else:
            yield chunk.replace(b"\0", b"") if b"\0" in chunk else chunk
