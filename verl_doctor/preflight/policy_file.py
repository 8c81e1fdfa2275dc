"""Finds a policy and reads it; what it does not understand it refuses, with the line."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from verl_doctor.errors import UsageError
from verl_doctor.preflight.policy import Policy
from verl_doctor.preflight.policy_terms import Document, WrongTermError, policy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAME: Final = "verl-doctor.toml"
_PROJECT: Final = "pyproject.toml"
_TABLE: Final = ("tool", "verl-doctor")
_SET: Final = re.compile(r"""(?m)^\s*(?:\[\s*tool\s*\.\s*)?["']?verl-doctor\b""")
"""A line that begins our table, or sets a key of it."""
_LARGEST: Final = 2**20
"""Bytes; a policy has some hundred."""


def find(named: Path | None, folder: Path) -> Policy | None:
    """Return the policy in a named file, else the nearest one from a folder upwards, to the root of its repository.

    Raises UsageError where a file cannot be read, or does not hold a policy.
    """
    if named is not None:
        return _policy(named, _parsed(named), whole=named.name != _PROJECT)
    for each in (folder, *folder.parents):
        if (own := each / NAME).is_file():
            return _policy(own, _parsed(own), whole=True)
        project = each / _PROJECT
        if project.is_file() and _has_table(text := _read(project)):
            return _policy(project, (text, _toml(project, text)), whole=False)
        if (each / ".git").exists():
            break
    return None


def _has_table(text: str) -> bool:
    """Say whether a project's file may have a policy; a broken file without one is not ours to judge."""
    return _SET.search(text) is not None


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
    return content


def _policy(file: Path, parsed: tuple[str, Mapping[str, Any]], *, whole: bool) -> Policy | None:
    text, content = parsed
    place = () if whole else _TABLE
    for key in place:
        inner = content.get(key)
        if not isinstance(inner, Mapping):
            return None
        content = inner
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
