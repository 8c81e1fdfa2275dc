"""Puts every patch tool through every row and writes docs/patch-tools.md.

    python -m benchmarks.battery [--tool NAME]... [--row WORDS]...

Needs patch, git, quilt, strace, node and npm (Debian: `apt-get install patch git quilt strace nodejs npm`); the Python
and npm tools are fetched from their package indexes into a folder that is removed afterwards. With --tool or --row the
table is printed, not written.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.battery import page, rows, tools
from benchmarks.battery.row import Cell, Row
from benchmarks.battery.running import LackingError, UnavailableError
from benchmarks.battery.tool import Tool
from benchmarks.battery.workshop import ROOT, Workshop

PAGE = ROOT / "docs/patch-tools.md"


def main() -> None:
    """Run the battery."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.battery", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tool", action="append", default=[], help="only this tool; may be given several times")
    parser.add_argument("--row", action="append", default=[], help="only rows with these words in their title")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="battery-") as folder:
        workshop = Workshop(Path(folder))
        chosen = [tool(workshop) for tool in tools.load() if not options.tool or tool.name in options.tool]
        asked = [row for row in rows.load() if not options.row or any(words in row.title for words in options.row)]
        text = _run(chosen, asked)
    if options.tool or options.row:
        sys.stdout.write(text)
    else:
        PAGE.write_text(text, "utf-8")


def _run(chosen: Sequence[Tool], asked: Sequence[Row]) -> str:
    versions: dict[str, str] = {}
    table: dict[tuple[str, str], Cell] = {}
    for tool in chosen:
        started = time.monotonic()
        try:
            versions[tool.name] = tool.version()
        except UnavailableError as error:
            versions[tool.name] = f"not run: {error}"
            table.update({(row.title, tool.name): Cell("—") for row in asked})
            continue
        for row in asked:
            table[row.title, tool.name] = _ask(row, tool)
        sys.stderr.write(f"{tool.name}: {time.monotonic() - started:.0f} s\n")
    return page.render(chosen, versions, asked, table)


def _ask(row: Row, tool: Tool) -> Cell:
    try:
        return row.ask(tool)
    except (LackingError, UnavailableError) as error:
        return Cell("—", str(error))


if __name__ == "__main__":
    main()
