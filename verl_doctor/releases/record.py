"""RECORD, the list of a distribution's files with their digests."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from verl_doctor.errors import DataError

ALGORITHMS: Final = hashlib.algorithms_guaranteed - {"shake_128", "shake_256"}
"""The hashes whose digests have a length of their own."""


def parse(text: str) -> dict[str, str]:
    """Return the digest of each file as RECORD writes it ("sha256=..."); empty where it has none."""
    return {row[0]: row[1] for row in csv.reader(text.splitlines()) if len(row) == 3}  # noqa: PLR2004  # fixed by the format


def digest(content: bytes, algorithm: str = "sha256") -> str:
    """Return a digest as RECORD writes it."""
    raw = hashlib.new(algorithm, content).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"


def is_listed(digests: Mapping[str, str], name: str, content: bytes) -> bool:
    """Say whether RECORD lists a file with this very content."""
    algorithm, separator, _ = digests.get(name, "").partition("=")
    return bool(separator) and algorithm in ALGORITHMS and digest(content, algorithm) == digests[name]


def name_in(names: Iterable[str]) -> str:
    """Return the path of a wheel's RECORD among its files."""
    for name in names:
        folder, _, rest = name.partition("/")
        if rest == "RECORD" and folder.endswith(".dist-info"):
            return name
    raise DataError("a wheel without a RECORD is damaged")
