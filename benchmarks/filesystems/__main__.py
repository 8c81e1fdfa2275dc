"""Asks every question on every file system and writes docs/file-systems.md.

    python -m benchmarks.filesystems [--system NAME]... [--question WORDS]... [--at FOLDER[,FOLDER]]... [--jobs N]
        [--keep FILE] [--add FILE]...

Root mounts the file systems; others get tmpfs, and what they name with --at: a folder on a file system that is mounted
already, or the same folder as two mounts show it. Debian: `apt-get install e2fsprogs xfsprogs btrfs-progs bindfs sshfs
openssh-server glusterfs-server glusterfs-client fuse-overlayfs squashfs-tools`; what is not there is told in the table.
What this kernel lacks is asked under another (`python -m benchmarks.filesystems.uml --system NFS --keep FILE`).
With --system, --question or --at the table is printed, not written.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import TimeoutExpired

from benchmarks.battery.row import Cell
from benchmarks.battery.running import UnavailableError
from benchmarks.battery.workshop import ROOT, Workshop
from benchmarks.filesystems import kept, page, questions, systems
from benchmarks.filesystems.given import Given
from benchmarks.filesystems.question import Question
from benchmarks.filesystems.site import at
from benchmarks.filesystems.system import System

PAGE = ROOT / "docs/file-systems.md"


def main() -> None:
    """Run the questions."""
    options = _options()
    asked = [each for each in questions.load() if not options.question or _named(each.title, options.question)]
    chosen = [each for each in systems.load() if not (options.system or options.at) or each.name in options.system]
    chosen += [Given([Path(folder) for folder in folders.split(",")]) for folders in options.at]
    with tempfile.TemporaryDirectory(prefix="filesystems-") as folder:
        found = _run(chosen, asked, Workshop(Path(folder)), options.jobs)
    if options.keep:
        kept.write(options.keep, found)
    text = page.render(kept.added(found, options.add), asked)
    if options.system or options.question or options.at:
        sys.stdout.write(text)
    else:
        PAGE.write_text(text, "utf-8")


def _options() -> argparse.Namespace:
    summary = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.filesystems", description=summary)
    parser.add_argument("--system", action="append", default=[], help="only this file system; several times")
    parser.add_argument(
        "--question", action="append", default=[], help="only questions with these words in their title"
    )
    parser.add_argument("--at", action="append", default=[], help="a folder, or two of different mounts, with a comma")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep what was seen, for --add")
    parser.add_argument("--add", type=Path, metavar="FILE", action="append", default=[], help="add what was kept")
    parser.add_argument("--jobs", type=int, default=1, help="how many file systems at once")
    return parser.parse_args()


def _named(title: str, words: Sequence[str]) -> bool:
    return any(each in title for each in words)


def _run(chosen: Sequence[System], asked: Sequence[Question], workshop: Workshop, jobs: int) -> list[page.Found]:
    folders = [workshop.at(workshop.new_folder()) for _ in chosen]
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda system, own: _all(system, asked, own), chosen, folders))


def _all(system: System, asked: Sequence[Question], workshop: Workshop) -> page.Found:
    """Ask all questions on one file system; one that cannot be had is no error."""
    try:
        version = system.version()
        cells = {each.title: _ask(each, system, workshop) for each in asked if each.concerns(system)}
    except UnavailableError as error:
        return page.Found(system=system, version="", reason=str(error), cells={})
    return page.Found(system=system, version=version, reason="", cells=cells)


def _ask(question: Question, system: System, workshop: Workshop) -> Cell:
    """Ask a question on a fresh one. What goes wrong in the asking is not the file system's answer, but told."""
    folder = workshop.new_folder()
    started = time.monotonic()
    with system.mounted(folder) as mounted:
        try:
            cell = question.ask(at(system, mounted, workshop))
        except TimeoutExpired as error:
            cell = Cell("no", f"no end after {error.timeout:.0f} s")
        except (OSError, RuntimeError) as error:
            cell = Cell("no", f"could not be asked to the end: {error}")
    where = {str(each) for each in (folder, *mounted.nodes)}
    sys.stderr.write(f"{system.name}: {question.title}: {cell.mark} {cell.note} ({time.monotonic() - started:.0f} s)\n")
    return Cell(cell.mark, page.without(cell.note, where))


if __name__ == "__main__":
    main()
