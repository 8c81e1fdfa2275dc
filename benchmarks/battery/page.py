"""The page docs/patch-tools.md."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.battery.row import Cell, Row
from benchmarks.battery.running import Command, must, program
from benchmarks.battery.tool import Tool

Table = Mapping[tuple[str, str], Cell]

HEAD = """\
# Patch tools, put through one battery

Written by `python -m benchmarks.battery` on {date}. Every cell was measured by running the tool and looking at the
file system afterwards. {machine}

The subject: vLLM 0.7.2, its real files and metadata in a small wheel, installed by uv into a virtual environment, the
files linked to uv's cache. The patch: what `verl-doctor patch` prints for three files (1 `parallel_state.py`,
2 `uniproc_executor.py`, 3 `weight_utils.py`), one hunk each.

"yes": as it should be, see below the table. "refuses": not done, but said so by the exit code, and no file was changed.
"—": the tool has no such command, or the question means nothing for it. Sizes are those of this small wheel.

"""


def render(tools: Sequence[Tool], versions: Mapping[str, str], rows: Sequence[Row], table: Table) -> str:
    """Return the page."""
    names = [tool.name for tool in tools]
    lines = [
        "| | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
        "| version | " + " | ".join(versions[name] for name in names) + " |",
        *("| " + " | ".join([row.title, *(table[row.title, name].mark for name in names)]) + " |" for row in rows),
        "",
        "## How each tool was used",
        "",
        *(f"- **{tool.name}**: {tool.use}" for tool in tools),
        "",
        '## What "yes" means, and what was seen where there is more to say',
        "",
    ]
    for row in rows:
        lines += [f"**{row.title}.** {row.meaning}", ""]
        notes: dict[str, list[str]] = {}
        for name in names:
            notes.setdefault(table[row.title, name].note, []).append(name)
        seen = [f"- {', '.join(tools_)}: {note}" for note, tools_ in notes.items() if note]
        lines += [*seen, ""] if seen else []
    head = HEAD.format(date=datetime.now(timezone.utc).date().isoformat(), machine=_machine())
    return head + "\n".join(lines).rstrip() + "\n"


def _machine() -> str:
    cores = f"{os.cpu_count()} {platform.machine()} cores"
    uv = must(Command(argv=(program("uv", "uv"), "--version"), cwd=Path.cwd())).output.split()[1]
    disk = must(Command(argv=("df", "--output=fstype", tempfile.gettempdir()), cwd=Path.cwd())).output.split()[-1]
    user = "as root" if os.geteuid() == 0 else "not as root"
    return f"{platform.system()}, {cores}, {disk}, Python {platform.python_version()}, uv {uv}, {user}."
