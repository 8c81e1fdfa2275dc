"""Edits as one unified diff that `patch -p1` and `git apply` take in one folder."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from verl_doctor.patching.plan import Edit


def whole(edits: Sequence[Edit]) -> bytes:
    """Return the diff of some edits, with paths relative to the folder of installed packages.

    Where it is another folder, because not all of them lie in that one, a first line that other programs pass over
    says which: the deepest that holds all.
    """
    folders = {_folder(edit) for edit in edits}
    if len(folders) <= 1 and folders <= {edit.place.metadata.parent for edit in edits}:
        return b"".join(unified(edit.file, edit.old, edit.new) for edit in edits)
    base = Path(os.path.commonpath([folder.resolve() for folder in folders]))  # git follows no link
    parts = [unified(str(edit.path.resolve().relative_to(base)), edit.old, edit.new) for edit in edits]
    return b"".join([f"# In {base}: git apply, or patch -p1\n".encode(errors="surrogateescape"), *parts])


def _folder(edit: Edit) -> Path:
    """Return the folder that the path of an edited file is relative to."""
    return edit.path.parents[len(Path(edit.file).parts) - 1]


def unified(file: str, old: bytes, new: bytes) -> bytes:
    """Return the diff of a file's contents, whatever their encoding and line ends."""
    name = os.fsencode(file) + (b"\t" if " " in file else b"")  # `patch` takes a blank for the end of a name
    header = (b"a/" + name, b"b/" + name)
    lines = difflib.diff_bytes(difflib.unified_diff, _lines(old), _lines(new), *header, lineterm=b"\n")
    return b"".join(line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n" for line in lines)


def _lines(content: bytes) -> list[bytes]:
    """Split at newlines only; `splitlines` also splits at lone carriage returns and form feeds."""
    lines = content.split(b"\n")
    ends = [line + b"\n" for line in lines[:-1]]
    return ends + ([lines[-1]] if lines[-1] else [])
