"""RECORD, the list of a distribution's files with their digests, kept in agreement with what is written.

Only the rows concerned change; every other byte, line ends included, stays. So putting the old rows back gives the old
RECORD back, even if another tool changed other rows in between.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from verl_doctor.releases.record import ALGORITHMS, digest

NOWHERE: Final = Path("/nowhere")


def row_of(record: bytes, file: str, site: Path = NOWHERE) -> str | None:
    """Return the row of a file as it is written; None where it has none.

    `site` is the folder that RECORD's paths are relative to: a row may also name the file by its absolute path.
    """
    name = file.rpartition("/")[2]
    return next((line for line in _lines(record) if name in line and _file(line, site) == file), None)


def row_for(file: str, content: bytes, like: str | None = None) -> str:
    """Return a row for a file with this content, with the hash that the row `like` uses."""
    fields = next(csv.reader([like])) if like else [file, "sha256=", ""]
    algorithm = fields[1].partition("=")[0]
    known = algorithm if algorithm in ALGORITHMS else "sha256"
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow([fields[0], digest(content, known), len(content)])
    return text.getvalue()


def is_row_of(row: str, file: str, content: bytes) -> bool:
    """Say whether a row has the digest and the size of this content."""
    return row_for(file, content, row.rstrip("\r")) == row.rstrip("\r")


def updated(record: bytes, rows: Mapping[str, str], *, own: str, own_rows: list[str], site: Path = NOWHERE) -> bytes:
    """Return RECORD with other rows for some files, and with `own_rows` as all rows below the folder `own`."""
    lines = [rows.get(_file(line, site) or "", line) for line in _lines(record)]
    lines = [line for line in lines if not (_path(line) or "").startswith(f"{own}/")]
    # Before the last row, so that it does not matter whether that one ends with a newline.
    last = max((number for number, line in enumerate(lines) if line), default=0)
    end = "\r" if lines[0].endswith("\r") else ""
    text = "\n".join([*lines[:last], *(row + end for row in own_rows), *lines[last:]])
    return text.encode("utf-8", "surrogateescape")


def _lines(record: bytes) -> list[str]:
    """Return the lines without newline, but with the carriage return before it."""
    return record.decode("utf-8", "surrogateescape").split("\n")


def _file(line: str, site: Path) -> str | None:
    """Return the file that a row is about as a plain path below `site`, however the row writes it."""
    path = _path(line)
    if path is None or not ("./" in path or "//" in path or path.startswith("/")):
        return path
    if path.startswith("/"):
        folder, name = os.path.split(path)
        return os.path.relpath(f"{os.path.realpath(folder)}/{name}", os.path.realpath(site))
    return os.path.normpath(path)


def _path(line: str) -> str | None:
    try:
        fields = next(csv.reader([line.rstrip("\r")]), [])
    except csv.Error:
        return None
    return fields[0] if len(fields) == 3 else None  # noqa: PLR2004 # path, hash, size
