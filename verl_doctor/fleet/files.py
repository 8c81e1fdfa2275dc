"""The files that hold nodes' facts: one node a file, one a line, or all that a run through Ray brought home."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verl_doctor.errors import DoctorError, UsageError, one_line
from verl_doctor.facts.snapshot import Facts
from verl_doctor.fleet.read import Reader
from verl_doctor.model import Unavailable

_LARGEST: Final = 64 * 2**20
"""Bytes of one node's facts; they have a few hundred thousand."""
_LINES: Final = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Collected:
    """A node's facts, and the name of what held them."""

    name: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What held no facts that could be read, and why."""

    origin: str
    reason: str


def collected(paths: Iterable[Path]) -> Iterator[Collected | Unreadable]:
    """Yield the nodes' facts, one after another; a folder stands for the files in it, - for standard input.

    Raises UsageError for a path that is not there: that is a slip of the command line, not of a node.
    """
    reader = Reader()
    for path in paths:
        if str(path) == "-":
            yield from _lines(reader, sys.stdin.buffer, "standard input")
            continue
        for file in _files(path):
            try:
                with file.open("rb") as opened:
                    if file.suffix in _LINES:
                        yield from _lines(reader, opened, str(file))
                    else:
                        yield from _texts(reader, opened.read(_LARGEST + 1), str(file), file.stem)
            except OSError as error:
                yield Unreadable(str(file), f"it cannot be read: {error.strerror}")


def _files(path: Path) -> tuple[Path, ...]:
    if path.is_dir():
        found = tuple(sorted(each for each in path.iterdir() if each.suffix in {".json", *_LINES}))
        if not found:
            raise UsageError(f"{path} holds no file whose name ends with .json or .jsonl.")
        return found
    if not path.exists():
        raise UsageError(f"{path} is not there.")
    return (path,)


def _lines(reader: Reader, lines: Iterable[bytes], origin: str) -> Iterator[Collected | Unreadable]:
    """Yield the nodes of lines; text that begins with an open brace alone is one node's, as `facts` writes it."""
    for number, line in enumerate(lines, 1):
        if number == 1 and line.strip() == b"{":
            yield from _texts(reader, line + b"".join(lines), origin, None)
            return
        if line.strip():
            yield from _texts(reader, line, f"{origin}, line {number}", None)


def _texts(reader: Reader, text: bytes, origin: str, name: str | None) -> Iterator[Collected | Unreadable]:
    """Yield what a text holds: one node's facts, or the nodes of `facts --ray`."""
    if len(text) > _LARGEST:
        yield Unreadable(origin, f"it has more than {_LARGEST >> 20} MiB; facts have less than one")
    elif b'"cluster"' in text[:_HEAD]:
        yield from _cluster(reader, text, origin)
    else:
        yield _one(reader, text, origin, name)


_HEAD: Final = 2**10


def _cluster(reader: Reader, text: bytes, origin: str) -> Iterator[Collected | Unreadable]:
    try:
        nodes = json.loads(text)["nodes"]
        parts = [(str(node["name"]), node.get("report"), str(node.get("reason", ""))) for node in nodes]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        yield Unreadable(origin, f"it holds no nodes of a cluster: {one_line(error)}")
        return
    for name, report, reason in parts:
        if report is None:
            yield Unreadable(f"{origin}, node {name}", reason)
        else:
            yield _one(reader, json.dumps(report).encode(), f"{origin}, node {name}", name)


def _one(reader: Reader, text: bytes, origin: str, name: str | None) -> Collected | Unreadable:
    try:
        facts = reader.read(text, origin)
    except DoctorError as error:
        return Unreadable(origin, str(error).removeprefix(f"{origin} ").rstrip("."))
    host = None if isinstance(facts.node, Unavailable) else facts.node.host
    return Collected(name or host or origin, facts)
