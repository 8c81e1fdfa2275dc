"""Puts tracebacks together from lines, each writer's apart, whole or cut."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Final

from verl_doctor.diagnose.line import Level, Line
from verl_doctor.diagnose.record import Frame, Record

HEADER: Final = "Traceback (most recent call last)"
IGNORED: Final = "Exception ignored in"
"""What Python prints before the traceback of an exception that it could not raise, as in a destructor."""
FRAME: Final = '  File "'
_HANDLED: Final = "During handling of the above exception, another exception occurred"
CHAINS: Final = (_HANDLED, "The above exception was the direct cause of the following exception")
CUT: Final = "an exception whose name was cut off"
"""The kind of one whose traceback ends before it, at the end of the log."""
_FRAME: Final = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_NAME: Final = r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*"
_RAISED: Final = re.compile(rf"(?P<kind>{_NAME}(?:\([\w.]+\))?|(?:[a-z_]\w*\.)+[a-z]\w*)(?:: ?(?P<message>.*)|:?)$")
"""What stands at the end of a traceback: Python's own, or a module's with a name in small letters (struct.error)."""
_NAMED: Final = re.compile(rf"(?P<kind>{_NAME}(?:Error|Exception)(?:\([\w.]+\))?): ?(?P<message>.*)$")
_GROUP: Final = re.compile(r"\s{0,40}[|+] ?")
"""What stands before each line of an exception group."""
_NOT_OF_MESSAGE: Final = re.compile(r"srun: |slurmstepd: |#|\+ |\S{1,80}: line \d+: ")
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
                yield record_of(replace(line, text=line.text.lstrip()))
            return
        if current:
            current.is_handled = _HANDLED in line.text
            del self._open[line.who]
            yield from current.records()
        if _begins(line.text) or IGNORED in line.text or (current and _is_chain(line.text)):
            self._open[line.who] = begun = _Traceback(who=line.who, level=line.level, touched=self._seen)
            begun.take(line)
        elif line.text:
            yield record_of(line)

    def end(self) -> Iterator[Record]:
        """Yield what is open still, also where the log ends before the exception is named."""
        for current in self._open.values():
            if current.kind is None and current.frames:
                current.kind = CUT
            yield from current.records()
        self._open.clear()

    def _given_up(self) -> Iterator[Record]:
        for who in [who for who, current in self._open.items() if current.touched < self._seen - current.patience]:
            yield from self._open.pop(who).records()
        if len(self._open) > _MOST_OPEN:
            yield from self._open.pop(next(iter(self._open))).records()


def _begins(text: str) -> bool:
    return HEADER in text or _is_frame(text)


def _is_frame(text: str) -> bool:
    return 'File "' in text and _FRAME.match(_GROUP.sub("", text, count=1) if "|" in text else text) is not None


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
    last_line: int = 0
    code: str = ""
    stray: int = 0
    kind: str | None = None
    text: str = ""
    more: list[tuple[int, str]] = field(default_factory=list)
    line: int = 0
    times: int = 1
    is_over: bool = False
    is_ignored: bool = False
    is_group: bool = False
    is_handled: bool = False

    @property
    def patience(self) -> int:
        """How many lines of other writers it waits."""
        return _PATIENCE if self.kind is None else _BRIEF

    def take(self, line: Line) -> _Part:
        """Take a line, if it belongs to this traceback."""
        self.is_group = self.is_group or (_begins(line.text) and _GROUP.match(line.text) is not None)
        text = _GROUP.sub("", line.text, count=1) if self.is_group else line.text
        return self._take_frame(line, text) if self.kind is None else self._take_message(line, text)

    def records(self) -> Iterator[Record]:
        """Yield the exception; nothing where its traceback was cut off before it, or Python ignored it."""
        if self.kind is not None and not self.is_ignored:
            code = self.code if self.kind == "AssertionError" and not (self.text or self.more) else ""
            line = self.line or self.last_line
            yield Record(
                line=line - bool(code),
                who=self.who,
                level=self.level,
                kind=self.kind,
                text=self.text,
                more=tuple(self.more),
                frames=tuple(self.frames),
                code=code,
                times=self.times,
                is_handled=self.is_handled,
            )

    def _take_frame(self, line: Line, text: str) -> _Part:
        if 'File "' in text and (frame := _FRAME.match(text)):
            if not self.frames:
                self.indent = max(0, _indent(text) - 2)
            self.frames.append(Frame(file=frame["file"], line=int(frame["line"]), function=frame["function"] or ""))
            self.stray, self.code, self.last_line = 0, "", line.number
            return _Part.TAKEN
        if HEADER in text or (_is_chain(text) and not self.frames):
            self.frames.clear()
            return _Part.TAKEN
        if IGNORED in text and not self.frames:
            self.is_ignored = True
            return _Part.TAKEN
        is_named = self.frames and _indent(text) <= self.indent
        if (is_named or self.is_ignored) and (found := (_RAISED if is_named else _NAMED).match(text)):
            self.kind, self.line, self.times, self.text = found["kind"], line.number, line.times, found["message"] or ""
            return _Part.TAKEN
        return self._take_other(text)

    def _take_other(self, text: str) -> _Part:
        """Take the source of a frame, or let pass what is written between."""
        is_source = _indent(text) > self.indent
        if not self.code and is_source:
            self.code = text.strip()
        self.stray += bool(text)
        if self.stray > _MOST_STRAY:
            return _Part.NONE
        return _Part.TAKEN if not text or (is_source and not _NAMED.match(text.lstrip())) else _Part.STRAY

    def _take_message(self, line: Line, text: str) -> _Part:
        if not text:
            self.is_over = True  # except for a sentence that leads on
            return _Part.TAKEN
        is_new = line.has_head and (line.level != self.level or not _indent(text))
        is_full = self.is_over or len(self.more) >= _MOST_MESSAGE
        if is_new or is_full or _begins(line.text) or _is_chain(text) or _NAMED.match(text):
            return _Part.NONE
        if _NOT_OF_MESSAGE.match(text) or "%|" in text:
            return _Part.NONE
        self.more.append((line.number, text))
        return _Part.TAKEN
