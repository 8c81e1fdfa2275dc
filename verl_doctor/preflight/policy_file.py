"""Finds a policy and reads it; what it does not understand it refuses, with the line."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from verl_doctor.errors import UsageError
from verl_doctor.preflight.policy import Policy
from verl_doctor.preflight.policy_terms import Document, WrongTermError, policy
from verl_doctor.whole_file import own_descriptor

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAME: Final = "verl-doctor.toml"
_PROJECT: Final = "pyproject.toml"
_TABLE: Final = ("tool", "verl-doctor")
_WORD: Final = "verl-doctor"
"""What a project's file says that may have a policy; without it, not even whether it is TOML is ours to judge."""
_DIGITS: Final = re.compile(r"[\d_]{640}")
"""The fewest digits that Python may be told not to read."""
_ANYONES: Final = stat.S_ISVTX | stat.S_IWOTH
"""The mode of a folder that is everyone's, such as /tmp."""
_LARGEST: Final = 2**20
"""Bytes; a policy has some hundred."""


def find(named: Path | None, folder: Path) -> Policy | None:
    """Return the policy in a named file, else the nearest one from a folder upwards, to the root of its repository.

    Outside of a git repository only the folder itself is looked at.

    Raises UsageError where a file cannot be read, or does not hold a policy.
    """
    if named is not None:
        return _named(named)
    for each in _searched(folder):
        own, project = each / NAME, each / _PROJECT
        if os.path.lexists(own):
            if not own.is_file():
                raise UsageError(f"The policy {own} cannot be read: it is no file, or a link to none.")
            return _policy(own, _parsed(own), ())
        if (
            project.is_file()
            and _WORD in (text := _read(project))
            and _has_table(project, content := _toml(project, text))
        ):
            return _policy(project, (text, content), _TABLE)
    return None


def places(folder: Path) -> Iterator[Path]:
    """Yield the files that a search from a folder upwards may read, be they there or not."""
    for each in _searched(folder):
        yield from (each / NAME, each / _PROJECT)


def _named(file: Path) -> Policy:
    if file.is_fifo() and own_descriptor(file) is None:
        raise UsageError(f"The policy {file} cannot be read: it is a pipe.")
    parsed = _parsed(file)
    if file.name != _PROJECT:
        return _policy(file, parsed, ())
    if not _has_table(file, parsed[1]):
        raise UsageError(f"The policy {file} has no table [{'.'.join(_TABLE)}].")
    return _policy(file, parsed, _TABLE)


def _searched(folder: Path) -> Iterator[Path]:
    """Yield a folder and those above it up to the root of its git repository; outside of one, only itself.

    What anyone may put into a folder such as /tmp judges nobody's nodes, so the search does not enter one.
    """
    above = (folder, *folder.parents)
    root = next((place for place, each in enumerate(above) if (each / ".git").exists()), 0)
    yield folder
    for each in above[1 : root + 1]:
        if each.stat().st_mode & _ANYONES == _ANYONES:
            return
        yield each


def _has_table(file: Path, content: Mapping[str, Any]) -> bool:
    """Say whether a project's file has a policy. Raises UsageError where something else is in its place."""
    inner: Any = content
    for depth, key in enumerate(_TABLE, 1):
        if key not in inner:
            return False
        inner = inner[key]
        if not isinstance(inner, Mapping):
            raise UsageError(f"{file}: {'.'.join(_TABLE[:depth])!r} must be a table.")
    return True


def _parsed(file: Path) -> tuple[str, Mapping[str, Any]]:
    text = _read(file)
    return text, _toml(file, text)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"The policy {file} cannot be read: {error.strerror}.") from error
    if len(raw) > _LARGEST:
        raise UsageError(f"The policy {file} is larger than {_LARGEST // 2**20} MiB, which no policy is.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UsageError(f"The policy {file} is not UTF-8 on line {line}, which TOML must be.") from error


def _toml(file: Path, text: str) -> Mapping[str, Any]:
    try:
        content: Mapping[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"The policy {file} is no TOML: {error}.") from error
    except RecursionError:
        raise UsageError(f"The policy {file} is nested too deeply.") from None
    except ValueError as error:  # an integer of more digits than Python reads
        line = next((n for n, each in enumerate(text.splitlines(), 1) if _DIGITS.search(each)), None)
        raise UsageError(f"{file}{f':{line}' if line else ''}: a number has too many digits.") from error
    return content


def _policy(file: Path, parsed: tuple[str, Mapping[str, Any]], place: tuple[str, ...]) -> Policy:
    text, content = parsed
    for key in place:
        content = content[key]
    try:
        return policy(Document(content=content, folder=file.resolve().parent, origin=str(file)))
    except WrongTermError as error:
        where = line_of(text, (*place, *error.path))
        raise UsageError(f"{file}{f':{where}' if where else ''}: {error}.") from error


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """Return the line on which a key, or the table nearest to it, is set; None where that cannot be told."""
    best: tuple[int, int] | None = None
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            here = table = _keys(f"{stripped.rpartition(']')[0]}]")
        elif "=" in stripped and not stripped.startswith("#"):
            here = (*table, *_keys(f"{stripped.partition('=')[0]}= 0"))
        else:
            continue
        depth = min(len(here), len(path))
        if depth and path[:depth] == here[:depth] and (best is None or depth > best[0]):
            best = depth, number
    return best[1] if best else None


def _keys(statement: str) -> tuple[str, ...]:
    """Return the keys that a header, or one assignment, of TOML names."""
    try:
        content: Any = tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return ()
    keys: list[str] = []
    while isinstance(content, list | dict) and content:
        if isinstance(content, list):
            content = content[0]
            continue
        ((key, content),) = content.items()
        keys.append(key)
    return tuple(keys)
