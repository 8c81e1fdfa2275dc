"""Text of which each character is known by where it stands in a file, however it was quoted, split and put together."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from verl_doctor.lint.budget import Budget
from verl_doctor.lint.document import Span

UNKNOWN: Final = "\ufdd0"
"""Stands in a text for a part that only the running script knows; a code point that is reserved for no character."""
_NOWHERE: Final = -1
_NEWLINE: Final = 0x0A


class Source:
    """The bytes of a file, the lines that its offsets are in, and what following it may still take."""

    __slots__ = ("_lines", "budget", "data")

    def __init__(self, data: bytes) -> None:
        self.data: Final = data
        self.budget = Budget()
        self._lines: Final = [0, *(index + 1 for index, byte in enumerate(data) if byte == _NEWLINE)]

    def line(self, offset: int) -> int:
        """Return the number of the line, from 1."""
        return bisect_right(self._lines, offset)

    def start(self, line: int) -> int:
        """Return the offset at which a line begins, after what indents it."""
        offset = self._lines[min(line, len(self._lines)) - 1]
        return offset + len(self.data[offset:]) - len(self.data[offset:].lstrip(b" \t"))

    def span(self, start: int, end: int) -> Span:
        """Return this part of the file."""
        return Span(start=start, end=end, line=self.line(start))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A text, and for each character the bytes it stands for: from `starts` to `ends`, -1 where it stands nowhere.

    `shared` has a 1 for each character that came through a variable which is used elsewhere, too.
    """

    text: str
    source: Source
    starts: Sequence[int]
    ends: Sequence[int]
    shared: bytes

    def __add__(self, other: Traced) -> Traced:
        return Traced(
            text=self.text + other.text,
            source=self.source,
            starts=(*self.starts, *other.starts),
            ends=(*self.ends, *other.ends),
            shared=self.shared + other.shared,
        )

    @property
    def value(self) -> str | None:
        """The text; None where a part is unknown."""
        return None if UNKNOWN in self.text else self.text

    def cut(self, start: int, end: int) -> Traced:
        """Return a part."""
        return Traced(
            text=self.text[start:end],
            source=self.source,
            starts=self.starts[start:end],
            ends=self.ends[start:end],
            shared=self.shared[start:end],
        )

    def region(self, start: int, end: int) -> Span | None:
        """Return the one place that holds these characters and nothing else; None where there is none."""
        if start == end:
            return self._between(start)
        starts, ends = self.starts[start:end], self.ends[start:end]
        if _NOWHERE in starts or any(start != end for start, end in zip(starts[1:], ends[:-1], strict=True)):
            return None
        return self.source.span(starts[0], ends[-1])

    def literal(self, start: int, end: int) -> Span | None:
        """Return where these characters can be replaced without another value changing; None where nowhere."""
        return None if 1 in self.shared[start:end] else self.region(start, end)

    def hull(self, start: int, end: int) -> Span | None:
        """Return the one place that holds these characters and nothing else but blanks and line ends between them."""
        starts, ends = self.starts[start:end], self.ends[start:end]
        if start == end or _NOWHERE in starts:
            return None
        gaps = zip(ends[:-1], starts[1:], strict=True)
        if any(before > after or self.source.data[before:after].strip() for before, after in gaps if before != after):
            return None
        return self.source.span(starts[0], ends[-1])

    def line(self, otherwise: int = 1) -> int:
        """Return the line of the first character that stands somewhere; where none does, the `otherwise`."""
        return next((self.source.line(start) for start in self.starts if start != _NOWHERE), otherwise)

    def as_shared(self) -> Traced:
        """Return the same text as one that is used elsewhere, too."""
        return Traced(
            text=self.text, source=self.source, starts=self.starts, ends=self.ends, shared=b"\1" * len(self.text)
        )

    def _between(self, index: int) -> Span | None:
        if index > 0 and (place := self.ends[index - 1]) != _NOWHERE:
            return self.source.span(place, place)
        if index < len(self.text) and (place := self.starts[index]) != _NOWHERE:
            return self.source.span(place, place)
        return None


def whole(source: Source) -> Traced:
    """Return a file's text: UTF-8, with or without a byte order mark, or else Latin-1, which knows every byte."""
    data = source.data
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if len(text) == len(data):
        starts: Sequence[int] = range(len(data))
        ends: Sequence[int] = range(1, len(data) + 1)
    else:
        ends = []
        place = 0
        for character in text:
            place += len(character.encode())
            ends.append(place)
        starts = [0, *ends[:-1]]
    if text.startswith("\ufeff"):
        text, starts, ends = text[1:], starts[1:], ends[1:]
    return Traced(text=text, source=source, starts=starts, ends=ends, shared=bytes(len(text)))


def made(source: Source, text: str) -> Traced:
    """Return a text that stands nowhere in the file: a result."""
    nowhere = (_NOWHERE,) * len(text)
    return Traced(text=text, source=source, starts=nowhere, ends=nowhere, shared=bytes(len(text)))


def joined(source: Source, parts: Sequence[Traced]) -> Traced:
    """Return the parts as one text."""
    return Traced(
        text="".join(part.text for part in parts),
        source=source,
        starts=[start for part in parts for start in part.starts],
        ends=[end for part in parts for end in part.ends],
        shared=b"".join(part.shared for part in parts),
    )


def unescaped(text: Traced, escapable: str | None) -> Traced:
    r"""Return a shell's text without its backslashes: before any character, or only before those that are `escapable`.

    A backslash before a line's end goes with it; a character takes the place of itself and of its backslash.
    """
    if "\\" not in text.text:
        return text
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    shared = bytearray()
    index, raw = 0, text.text
    while index < len(raw):
        first = index
        if raw[index] == "\\" and index + 1 < len(raw):
            if (length := _line_end(raw, index + 1)) > 0:
                index += 1 + length
                continue
            if escapable is None or raw[index + 1] in escapable:
                index += 1
        characters.append(raw[index])
        starts.append(text.starts[first])
        ends.append(text.ends[index])
        shared.append(text.shared[index])
        index += 1
    return Traced(text="".join(characters), source=text.source, starts=starts, ends=ends, shared=bytes(shared))


def _line_end(raw: str, index: int) -> int:
    if raw.startswith("\r\n", index):
        return 2
    return 1 if raw.startswith("\n", index) else 0
