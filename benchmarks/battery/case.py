"""One installed vLLM, prepared for one tool: what rows of the battery work on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.look import Look, Snapshot, look, snapshot
from benchmarks.battery.running import Command, Ran, UnavailableError, program, run
from benchmarks.battery.tool import Tool
from benchmarks.battery.workshop import FILES, VERSION

NOT_MOUNTED = 99
READ_ONLY = f'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$PWD" && exec "$@" || exit {NOT_MOUNTED}'


class Case:
    """A fresh installation, with the tool in place; `look` tells what happened since `remember`."""

    def __init__(self, tool: Tool, version: str = VERSION, *, is_broken: bool = False) -> None:
        self.tool = tool
        self.subject = tool.kind(tool.workshop, version, is_broken=is_broken)
        tool.prepare(self.subject)
        self._before: Snapshot = {}
        self.remember()

    def remember(self) -> None:
        """Compare with what is there now from here on."""
        self._before = snapshot(self.subject.root)

    def look(self) -> Look:
        """Return what happened since."""
        files = f"{self.subject.files.relative_to(self.subject.root).as_posix()}/"
        return look(self.tool.workshop, self._before, snapshot(self.subject.root), files)

    def path(self, number: int) -> Path:
        """Return where one of the three files is, counted from 1."""
        return self.subject.files / FILES[number - 1]

    def edit(self, number: int, change: Callable[[str], str]) -> None:
        """Change a file as an editor does, in a new file, and remember that."""
        path = self.path(number)
        old = path.read_text()
        new = change(old)
        if new == old:
            raise RuntimeError(f"{path.name} is not what the battery was written for")
        path.unlink()
        path.write_text(new)
        self.remember()

    def patch_by_hand(self, number: int) -> None:
        """Make one of the three edits by hand, to the byte."""
        self.edit(number, lambda _: self.tool.workshop.patched[FILES[number - 1]].decode())

    def apply(self) -> Ran:
        """Apply the patch."""
        return run(self.tool.apply(self.subject))

    def dry_run(self) -> Ran:
        """Ask what applying would do."""
        return run(self.tool.dry_run(self.subject))

    def revert(self) -> Ran:
        """Take the patch back."""
        return run(self.tool.revert(self.subject))

    def says_applied(self) -> bool:
        """Ask whether the patch is applied."""
        return self.tool.says_applied(run(self.tool.status(self.subject)))

    def apply_read_only(self, path: Path) -> Ran:
        """Apply while nothing below a folder can be written: a read-only mount for root, else taken permissions."""
        command = self.tool.apply(self.subject)
        if os.geteuid():
            with _without_permission(path):
                return run(command)
        shell = (program("unshare", "util-linux"), "--mount", "sh", "-c", READ_ONLY, str(path))
        ran = run(Command(argv=(*shell, *command.argv), cwd=command.cwd, env=command.env))
        if ran.code == NOT_MOUNTED:
            raise UnavailableError("not asked: no read-only mount can be made here")
        return ran


@contextmanager
def _without_permission(path: Path) -> Iterator[None]:
    paths = [path, *path.rglob("*")]
    modes = {each: each.stat().st_mode for each in paths if not each.is_symlink()}
    for each, mode in modes.items():
        each.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for each, mode in modes.items():
            each.chmod(mode)
