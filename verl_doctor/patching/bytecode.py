"""The bytecode of a module: some is never compared with its source, so none of an old source may survive."""

from __future__ import annotations

import re
from pathlib import Path


def of(source: Path) -> list[Path]:
    """Return the bytecode files of a module, of every interpreter and level."""
    folder = source.parent / "__pycache__"
    if source.suffix != ".py" or not folder.is_dir():
        return []
    compiled = re.compile(re.escape(source.stem) + r"\.[^.]+(\.opt-[^.]+)?\.pyc")
    return sorted(file for file in folder.iterdir() if compiled.fullmatch(file.name))
