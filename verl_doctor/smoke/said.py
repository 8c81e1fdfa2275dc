"""What a child says: events on a pipe of its own, and whatever else it prints."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

_OUTCOMES: Final = frozenset({"passed", "failed", "skipped"})
_DEPTH: Final = 4
"""How many lists and dicts a measurement may hold inside each other."""
_LONGEST: Final = 400
"""The most characters of a line that are told."""
_ESCAPE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_TELLING: Final = re.compile(
    r"\b[A-Z]\w*(?:Error|Exception|Interrupt)\b|\b[Ff]atal\b|CUDA error|ASSERT FAILED|what\(\):|Aborted"
)
_CRASHED: Final = re.compile(r"^Fatal Python error: (?:Aborted|Bus error|Floating|Illegal|Segmentation)", re.MULTILINE)
"""How Python begins to tell, in the last moment, where it was when a signal killed it."""
_FRAME: Final = re.compile(r'^Current thread .*\n  File "(.*)", line (\d+) in (.*)\n', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a child said of a probe: that it begins, or how it ended, which is its `outcome`."""

    rank: int
    probe: str
    outcome: str | None = None
    measurements: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A child that says no more, be it that it ends."""

    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A child from which nothing more will come; `how` follows "the process"."""

    rank: int
    how: str


def event(rank: int, line: bytes) -> Event | None:
    """Return the event that a line is; None for anything else."""
    try:
        said = json.loads(line.decode(), parse_float=_finite, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    match said:
        case {"event": "begin", "probe": str(probe)}:
            return Event(rank=rank, probe=probe)
        case {"event": "end", "probe": str(probe), "outcome": str(outcome), "measurements": dict(measurements)} if (
            outcome in _OUTCOMES and _is_plain(measurements, _DEPTH)
        ):
            return Event(
                rank=rank,
                probe=probe,
                outcome=outcome,
                measurements=measurements,
                reason=one_line(str(said.get("reason") or "")) or None,
                detail=plain(str(said.get("detail") or "")),
            )
        case _:
            return None


def _finite(number: str) -> float | None:
    """Return a number; None for one that JSON cannot say."""
    value = float(number)
    return value if math.isfinite(value) else None


def _is_plain(value: object, depth: int) -> bool:
    match value:
        case dict():
            return depth > 0 and all(_is_plain(each, depth - 1) for each in value.values())
        case list():
            return depth > 0 and all(_is_plain(each, depth - 1) for each in value)
        case _:
            return True


def plain(text: str) -> str:
    """Return text without what steers a terminal or cannot be shown."""
    lines = _ESCAPE.sub("", text).replace("\r", "\n").replace("\t", " ")
    return "".join(character for character in lines if character == "\n" or character.isprintable())


def one_line(text: str) -> str:
    """Return text as one line that is not too long."""
    return " ".join(plain(text).split())[:_LONGEST]


def telling(output: str) -> str:
    """Return the last line of an output that names an error, else its last line."""
    lines = [line for line in _CRASHED.split(output)[0].splitlines() if line.strip()]
    for line in reversed(lines):
        if found := _TELLING.search(line):
            return one_line(line if len(line) <= _LONGEST else line[found.start() :])
    return one_line(lines[-1]) if lines else ""


def whereabouts(output: str) -> str | None:
    """Return where Python was when it last told, as it does when it is asked and when a signal kills it."""
    if frames := _FRAME.findall(output):
        path, line, function = frames[-1]
        return f"line {line} of {Path(path).name}, in {function}"
    return None
