"""What may have been meant by a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Final

_NEAR: Final = 0.85


def similar(name: str, known: Collection[str]) -> str | None:
    """Return the known name that is nearest, if one is near."""
    return next(iter(difflib.get_close_matches(name, sorted(known), 1, _NEAR)), None)
