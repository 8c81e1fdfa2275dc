"""The bytecode of a module: some is never compared with its source, so none of an old source may survive."""

from __future__ import annotations

import re
from pathlib import Path

from verl_doctor.errors import TargetError


def of(source: Path) -> list[Path]:
    """Return the bytecode files of a module, of every interpreter and level. Raises TargetError where none is seen."""
    folder = source.parent / "__pycache__"
    if source.suffix != ".py" or not folder.is_dir():
        return []
    compiled = re.compile(re.escape(source.stem) + r"\.[^.]+(\.opt-[^.]+)?\.pyc")
    try:
        return sorted(file for file in folder.iterdir() if compiled.fullmatch(file.name))
    except OSError as error:
        raise TargetError(f"{folder} cannot be read: {error.strerror}; nothing was changed.") from error
