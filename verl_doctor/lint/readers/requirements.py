"""Files of requirements, as pip and uv read them."""

from __future__ import annotations

from collections.abc import Iterator

from verl_doctor.lint.document import Launch, Setting
from verl_doctor.lint.readers import Reading
from verl_doctor.lint.requirement import requirement
from verl_doctor.lint.traced import Traced

_INCLUDES = ("-r", "-c", "--requirement", "--constraint")


def read(text: Traced) -> Reading:
    """Return the requirements as one launch: the installation; `open` where it takes in other files."""
    settings: list[Setting] = []
    unread: list[tuple[int, str]] = []
    is_open = False
    for start, end in _logical_lines(text.text):
        first, last = _content(text.text, start, end)
        line = text.text[first:last]
        if line.startswith("-"):
            is_open |= line.startswith(_INCLUDES)
        elif line:
            whole = text.hull(start, end) or text.source.span(0, 0)
            found = requirement(text.cut(first, last), whole, line)
            if found is not None:
                settings.append(found)
            elif not _is_place(line):
                unread.append((whole.line, f"no requirement: {' '.join(line.split())[:60]}"))
    number = settings[0].whole.line if settings else 1
    return (Launch(program=None, line=number, settings=tuple(settings), open=is_open),), tuple(unread)


def _is_place(line: str) -> bool:
    """Say whether a line names a file or an address, of which the name is not known."""
    return "/" in line or line.endswith((".whl", ".gz", ".zip")) or line.startswith(".")


def _logical_lines(raw: str) -> Iterator[tuple[int, int]]:
    """Yield where each line begins and ends, with those that a backslash adds to it. A comment is never continued."""
    start = 0
    while start < len(raw):
        end = raw.find("\n", start) + 1 or len(raw)
        while _is_continued(raw[start:end]) and end < len(raw):
            end = raw.find("\n", end) + 1 or len(raw)
        yield start, end
        start = end


def _is_continued(line: str) -> bool:
    last = line.splitlines()[-1] if line else ""
    return last.endswith("\\") and not last.lstrip().startswith("#")


def _content(raw: str, start: int, end: int) -> tuple[int, int]:
    """Return where a line's requirement stands: without a comment, options after it (--hash) and blanks."""
    stop = end
    for mark in ("#", " --", "\t--", "\\\n", "\\\r\n"):
        found = raw.find(mark, start, stop)
        while mark == "#" and found > start and not raw[found - 1].isspace():
            found = raw.find(mark, found + 1, stop)
        if found >= 0:
            stop = found
    while start < stop and raw[start].isspace():
        start += 1
    while stop > start and raw[stop - 1].isspace():
        stop -= 1
    return start, stop
