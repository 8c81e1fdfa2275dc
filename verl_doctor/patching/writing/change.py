"""One file to write."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Change:
    """A file to write: what must be there before, and what will be there after; None for no file.

    `owner` is the metadata folder of the distribution that the file belongs to.
    """

    path: Path
    old: bytes | None
    new: bytes | None
    owner: Path


def sha256(content: bytes) -> str:
    """Return a content's digest as receipts and journals write it."""
    return hashlib.sha256(content).hexdigest()
