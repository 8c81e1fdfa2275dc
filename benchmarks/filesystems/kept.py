"""What was seen, kept in a file: rows that were measured under another kernel are added to the table from there."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.battery.row import Cell
from benchmarks.filesystems.page import Found


def write(path: Path, found: Sequence[Found]) -> None:
    """Keep what was seen."""
    document = {
        each.system.name: {
            "version": each.version,
            "reason": each.reason,
            "cells": {title: {"mark": cell.mark, "note": cell.note} for title, cell in each.cells.items()},
        }
        for each in found
    }
    path.write_text(json.dumps(document, indent=1), "utf-8")


def added(found: Sequence[Found], paths: Sequence[Path]) -> list[Found]:
    """Return the rows, those of file systems that could not be had here from files where they are there."""
    kept = {name: fields for path in paths for name, fields in json.loads(path.read_text("utf-8")).items()}
    return [
        _filled(each, kept[each.system.name]) if each.reason and each.system.name in kept else each for each in found
    ]


def _filled(found: Found, fields: Mapping[str, object]) -> Found:
    cells = fields["cells"]
    if not isinstance(cells, dict):
        raise TypeError(f"cells of {found.system.name}: {cells!r}")
    return replace(
        found,
        version=str(fields["version"]),
        reason=str(fields["reason"]),
        cells={title: Cell(**cell) for title, cell in cells.items()},
    )
