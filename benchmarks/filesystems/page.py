"""The page docs/file-systems.md."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.battery.row import Cell
from benchmarks.battery.running import Command, must, program
from benchmarks.filesystems.mounting import kernel
from benchmarks.filesystems.question import Question
from benchmarks.filesystems.system import System

HEAD = """\
# File systems

Written by `python -m benchmarks.filesystems` on {date}. Every cell was measured by running `verl-doctor patch` on a
file system of that kind, and looking at the files afterwards. {machine}

The subject: vLLM 0.7.2, its real files and metadata in a small wheel, installed by uv into a virtual environment on the
file system, uv's cache on the same one; three files are patched. Where a file system has two nodes, they are two mounts
of the same folder on this machine; the second has its own host name and processes that the first cannot see.

"yes": as it should be, see below the table. "no": not so. "—": the question means nothing for it. "not here": the file
system could not be had on this machine, for the reason below; "not asked": left out of the runs this page is made of.

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was seen of one file system; a reason where it could not be had."""

    system: System
    version: str
    reason: str
    cells: Mapping[str, Cell]

    def marks(self, asked: Sequence[Question]) -> list[str]:
        """Return its row of the table."""
        if self.reason:
            return ["not here" if each.concerns(self.system) else "—" for each in asked]
        return [self.cells[each.title].mark if each.title in self.cells else "—" for each in asked]


def render(found: Sequence[Found], asked: Sequence[Question]) -> str:
    """Return the page."""
    lines = [
        "| | " + " | ".join(question.title for question in asked) + " |",
        "|---" * (len(asked) + 1) + "|",
        *("| " + " | ".join([each.system.name, *each.marks(asked)]) + " |" for each in found),
        "",
        "## How each was made",
        "",
        *(f"- **{each.system.name}**: {each.system.how} {_had(each)}" for each in found),
        "",
        '## What "yes" means, and what was seen where there is more to say',
        "",
    ]
    for question in asked:
        lines += [f"**{question.title}.** {question.meaning}", "", *_notes(question, found)]
    head = HEAD.format(date=datetime.now(timezone.utc).date().isoformat(), machine=_machine())
    return head + "\n".join(lines).rstrip() + "\n"


def without(note: str, folders: Collection[str]) -> str:
    """Return a note without the folders of this run."""
    for folder in sorted(folders, key=len, reverse=True):
        note = note.replace(folder, "…")
    return re.sub(r"…/\d+/environment/lib/python3\.\d+/site-packages", "…", note)


def _had(found: Found) -> str:
    return f"Not here: {found.reason}." if found.reason else f"{found.version}."


def _notes(question: Question, found: Sequence[Found]) -> list[str]:
    notes: dict[str, list[str]] = {}
    for each in found:
        if (cell := each.cells.get(question.title)) and cell.note:
            notes.setdefault(cell.note, []).append(each.system.name)
    lines = [f"- {', '.join(names)}: {note}" for note, names in notes.items()]
    return [*lines, ""] if lines else []


def _machine() -> str:
    cores = f"{os.cpu_count()} {platform.machine()} cores"
    uv = must(Command(argv=(program("uv", "uv"), "--version"), cwd=Path.cwd())).output.split()[1]
    user = "as root" if os.geteuid() == 0 else "not as root"
    return f"{platform.system()} {kernel()}, {cores}, Python {platform.python_version()}, uv {uv}, {user}."
