"""The bytecode of a module: some is never compared with its source, so none of an old source may survive."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from verl_doctor.errors import PatchRefusedError, TargetError


def of(source: Path) -> list[Path]:
    """Return the bytecode files of a module, of every interpreter and level; what a link leads to is left alone.

    Raises PatchRefusedError where some behind a link would run in place of the source, whatever that holds then, and
    TargetError where a folder of bytecode cannot be read.
    """
    if source.suffix != ".py":
        return []
    return sorted({file for folder in _folders(source) for file in _in(folder, source.stem)})


def _folders(source: Path) -> Iterator[Path]:
    """Yield where interpreters keep the bytecode of a module: beside it, or below PYTHONPYCACHEPREFIX."""
    yield source.parent / "__pycache__"
    if prefix := os.environ.get("PYTHONPYCACHEPREFIX"):
        for parent in (source.parent.absolute(), source.parent.resolve()):
            yield Path(prefix, *parent.parts[1:])


def _in(folder: Path, stem: str) -> list[Path]:
    if not folder.is_dir():
        return []
    compiled = re.compile(re.escape(stem) + r"\.[^.]+(\.opt-[^.]+)?\.pyc")
    try:
        found = [file for file in folder.iterdir() if compiled.fullmatch(file.name)]
    except OSError as error:
        raise TargetError(f"{folder} cannot be read: {error.strerror}; nothing was changed.") from error
    if not folder.is_symlink():
        return found
    for file in found:
        if _is_believed(file):
            raise PatchRefusedError(
                f"Nothing was written: {file} would run in place of its source, with which it is never compared, and "
                f"it is behind a link to {os.path.realpath(folder)}, which others may use. Remove that file first."
            )
    return []


def _is_believed(file: Path) -> bool:
    """Say whether an interpreter runs bytecode without a look at its source (PEP 552: unchecked hash)."""
    with file.open("rb") as opened:
        flags = int.from_bytes(opened.read(8)[4:], "little")
    return flags & 0b11 == 0b01
