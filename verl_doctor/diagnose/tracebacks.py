"""Puts tracebacks together from lines, each writer's apart, whole or cut."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from verl_doctor.diagnose.line import Level, Line
from verl_doctor.diagnose.record import Frame, Record

HEADER: Final = "Traceback (most recent call last)"
IGNORED: Final = "Exception ignored in"
"""What Python prints before the traceback of an exception that it could not raise, as in a destructor."""
FRAME: Final = '  File "'
_HANDLED: Final = "During handling of the above exception, another exception occurred"
CHAINS: Final = (
    _HANDLED,
    "The above exception was the direct cause of the following exception",
)
_FRAME: Final = re.compile(r'\s*(?:[|│+] ?)*\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_TYPE: Final = r"(?P<kind>(?:[A-Za-z_]\w*\.)*[A-Z]\w*{suffix}(?:\([\w.]+\))?)"
_RAISED: Final = re.compile(rf"(?:[|+] ?)*\s*{_TYPE.format(suffix='')}(?:: ?(?P<message>.*)|:?)$")
_SUFFIXES: Final = r"(?:Error|Exception)"
_NAMED: Final = re.compile(rf"{_TYPE.format(suffix=_SUFFIXES)}: ?(?P<message>.*)$")
_MOST_FRAMES: Final = 64
_MOST_MESSAGE: Final = 30
_MOST_OPEN: Final = 256
_MOST_STRAY: Final = 16
"""How many lines that are no frames may stand between two frames, or between the last one and what was raised."""
_PATIENCE: Final = 400
"""How many lines of other writers may come between two lines of a traceback."""
_BRIEF: Final = 50
"""The same between two lines of what was raised."""


def record_of(line: Line) -> Record:
    """Return the record of a line by itself: of an exception where the line is what Python prints of one."""
    found = _NAMED.match(line.text)
    return Record(
        line=line.number,
        who=line.who,
        level=line.level,
        kind=found["kind"] if found else None,
        text=found["message"] if found else line.text,
        times=line.times,
    )


class Tracebacks:
    """The tracebacks that are being written."""

    def __init__(self) -> None:
        self._open: dict[str, _Traceback] = {}
        self._seen = 0

    @property
    def is_any_open(self) -> bool:
        """Whether the next lines may belong to one."""
        return bool(self._open)

    def feed(self, line: Line) -> Iterator[Record]:
        """Yield what ends with this line, and the line itself where it belongs to no traceback."""
        self._seen += 1
        yield from self._given_up()
        current = self._open.get(line.who)
        part = current.take(line) if current else _Part.NONE
        if current and part is not _Part.NONE:
            current.touched = self._seen
            if part is _Part.STRAY:
                yield record_of(line)
            return
        if current:
            current.is_handled = _HANDLED in line.text
            del self._open[line.who]
            yield from current.records()
        if _begins(line) or IGNORED in line.text or (current and _is_chain(line.text)):
            self._open[line.who] = begun = _Traceback(who=line.who, level=line.level, touched=self._seen)
            begun.take(line)
        elif line.text:
            yield record_of(line)

    def end(self) -> Iterator[Record]:
        """Yield what is open still."""
        for current in self._open.values():
            yield from current.records()
        self._open.clear()

    def _given_up(self) -> Iterator[Record]:
        for who in [who for who, current in self._open.items() if current.touched < self._seen - current.patience]:
            yield from self._open.pop(who).records()
        if len(self._open) > _MOST_OPEN:
            yield from self._open.pop(next(iter(self._open))).records()


def _begins(line: Line) -> bool:
    return HEADER in line.text or _FRAME.match(line.text) is not None


def _is_chain(text: str) -> bool:
    return any(sentence in text for sentence in CHAINS)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


class _Part(Enum):
    """What a line is to a traceback: part of it, something that was written between its lines, or not part of it."""

    TAKEN = auto()
    STRAY = auto()
    NONE = auto()


@dataclass(slots=True, kw_only=True)
class _Traceback:
    """One that is being written: frames, then what was raised, then the rest of its message."""

    who: str
    level: Level | None
    touched: int
    indent: int = 0
    frames: deque[Frame] = field(default_factory=lambda: deque(maxlen=_MOST_FRAMES))
    code: str = ""
    stray: int = 0
    kind: str | None = None
    message: list[str] = field(default_factory=list)
    line: int = 0
    times: int = 1
    is_over: bool = False
    is_ignored: bool = False
    is_handled: bool = False

    @property
    def patience(self) -> int:
        """How many lines of other writers it waits."""
        return _PATIENCE if self.kind is None else _BRIEF

    def take(self, line: Line) -> _Part:
        """Take a line, if it belongs to this traceback."""
        return self._take_frame(line) if self.kind is None else self._take_message(line)

    def records(self) -> Iterator[Record]:
        """Yield the exception; nothing where its traceback was cut off before it, or Python ignored it."""
        if self.kind is not None and not self.is_ignored:
            code = self.code if self.kind == "AssertionError" and not any(self.message) else ""
            yield Record(
                line=self.line - bool(code),
                code=code,
                who=self.who,
                level=self.level,
                kind=self.kind,
                text="\n".join(self.message).rstrip(),
                frames=tuple(self.frames),
                times=self.times,
                is_handled=self.is_handled,
            )

    def _take_frame(self, line: Line) -> _Part:
        text = line.text
        if frame := _FRAME.match(text):
            if not self.frames:
                self.indent = max(0, _indent(text) - 2)
            self.frames.append(Frame(file=frame["file"], line=int(frame["line"]), function=frame["function"] or ""))
            self.stray, self.code = 0, ""
            return _Part.TAKEN
        if HEADER in text or IGNORED in text or (_is_chain(text) and not self.frames):
            self.frames.clear()
            self.is_ignored = self.is_ignored or IGNORED in text
            return _Part.TAKEN
        if self.frames and _indent(text) <= self.indent and (found := _RAISED.match(text)):
            self.kind, self.line, self.times = found["kind"], line.number, line.times
            self.message = [found["message"] or ""]
            return _Part.TAKEN
        if not self.code and _indent(text) > self.indent:
            self.code = text.strip()
        self.stray += bool(text)
        if self.stray > _MOST_STRAY:
            return _Part.NONE
        return _Part.TAKEN if not text or _indent(text) > self.indent else _Part.STRAY

    def _take_message(self, line: Line) -> _Part:
        text = line.text
        if not text:
            self.is_over = True  # except for a sentence that leads on
            return _Part.TAKEN
        is_new = line.has_head and (line.level != self.level or not _indent(text))
        if is_new or self.is_over or len(self.message) >= _MOST_MESSAGE or _begins(line) or _is_chain(text):
            return _Part.NONE
        if _NAMED.match(text):
            return _Part.NONE
        self.message.append(text)
        return _Part.TAKEN
