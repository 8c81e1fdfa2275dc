"""Reads texts as files of a name."""

from __future__ import annotations

from pathlib import Path

from verl_doctor.lint.document import Document, Setting
from verl_doctor.lint.read import read


def document(text: str | bytes, name: str = "run.sh") -> Document:
    """What a file of this content says."""
    found = read(Path(name), text.encode() if isinstance(text, str) else text)
    assert found is not None
    return found


def values(text: str | bytes, name: str = "run.sh", launch: int = 0) -> dict[str, str | None]:
    """The settings of one launch by their names, each with its sigil."""
    return {each.sigil + each.name: each.value for each in document(text, name).launches[launch].settings}


def cut(found: Document, setting: Setting, what: str = "whole") -> str:
    """The text at a place of a setting."""
    place = getattr(setting, what)
    return found.data[place.start : place.end].decode()
