"""Finds compat_matrix.yaml: in the installed package, else at the top of the checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from verl_doctor.errors import DataError
from verl_doctor.matrix.matrix import Matrix

NAME: Final = "compat_matrix.yaml"
_PACKAGE: Final = Path(__file__).parent.parent


def find() -> Path:
    """Return where the matrix is."""
    for folder in (_PACKAGE, _PACKAGE.parent):
        if (folder / NAME).is_file():
            return folder / NAME
    raise DataError(f"{NAME} is neither in {_PACKAGE} nor beside it; verl-doctor is not properly installed.")


def load_file(path: Path) -> Matrix:
    """Return the matrix that a file holds."""
    try:
        return Matrix(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}.") from error


@cache
def load() -> Matrix:
    """Return the matrix that comes with this verl-doctor; read once."""
    return load_file(find())
