"""A virtual environment, patched through the command line, and photographs of what is on disk."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.cli.doctor import doctor
from tests.environments.wheel import FILES, NAMES
from tests.patching.sandbox import Sandbox

DIFF = NAMES
APPLY = ("--apply", *NAMES)
CHECK = ("--check", *NAMES)
STATUS = ("--status", *NAMES)
REVERT = ("--revert",)
"""What these tests ask of `verl-doctor patch`: the three patches of vLLM 0.7, and all that was applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file, folder or link on disk; the content of a link is where it leads."""

    content: bytes
    mode: int
    inode: int
    written: int


Photograph = dict[str, Entry]


def photograph(folder: Path) -> Photograph:
    """Return all that is in a folder; nothing can be written there, not even for a moment, without a trace in it."""
    return {str(path.relative_to(folder)): _entry(path) for path in [folder, *folder.rglob("*")]}


def _entry(path: Path) -> Entry:
    found = path.lstat()
    content = b""
    if path.is_symlink():
        content = os.fsencode(path.readlink())
    elif path.is_file():
        content = path.read_bytes()
    return Entry(content=content, mode=found.st_mode, inode=found.st_ino, written=found.st_mtime_ns)


def contents(photograph: Photograph) -> Mapping[str, tuple[bytes, int]]:
    """Return the content and mode of everything, bytecode excepted."""
    return {
        path: (entry.content, entry.mode) for path, entry in photograph.items() if "__pycache__" not in Path(path).parts
    }


class Environment(Sandbox):
    """A virtual environment with vLLM in it."""

    @property
    def prefix(self) -> Path:
        return self.site.parents[2]

    @property
    def python(self) -> Path:
        return self.prefix / "bin/python"

    @property
    def metadata(self) -> Path:
        (found,) = self.site.glob("*.dist-info")
        return found

    def copy(self, prefix: Path) -> Environment:
        shutil.copytree(self.prefix, prefix, symlinks=True)
        return Environment(prefix / self.site.relative_to(self.prefix))

    def write(self, file: str, content: bytes) -> None:
        """Write a file as an editor does: what is linked to the old one keeps its content."""
        (self.site / file).unlink()
        super().write(file, content)

    def files(self) -> dict[str, bytes]:
        """Return the content of the files that the patches edit."""
        return {file: self.read(file) for file in FILES}

    def photograph(self) -> Photograph:
        return photograph(self.site)

    def traces(self) -> list[str]:
        """Return all paths that a doctor made."""
        return sorted(str(path.relative_to(self.site)) for path in self.site.rglob("*verl-doctor*"))

    def patch(self, *arguments: str, code: int = 0, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """Run `verl-doctor patch` on this environment; an exit code other than `code` fails the test."""
        finished = doctor("patch", *arguments, "--python", self.python, flags=flags)
        assert finished.returncode == code, finished.stderr
        return finished

    def refusal(self, *arguments: str, code: int, flags: tuple[str, ...] = ()) -> str:
        """Run `verl-doctor patch` where it must refuse; return its one sentence, without what to run next."""
        finished = self.patch(*arguments, code=code, flags=flags)
        assert finished.stdout == ""
        [sentence] = [line for line in finished.stderr.splitlines() if line.startswith("verl-doctor: ")]
        return sentence.removeprefix("verl-doctor: ")

    def changed(self, *arguments: str) -> list[str]:
        """Run `verl-doctor patch` and return the files it says it wrote."""
        written = json.loads(self.patch(*arguments, "--format", "json").stdout)["changed"]
        return [str(Path(path).relative_to(self.site)) for path in written]

    def words(self, *names: str) -> list[str]:
        """Return what `--status` says of these patches, of the three without any."""
        _, *rows = self.patch("--status", *(names or NAMES)).stdout.splitlines()  # the first says what was examined
        lines = [re.split(r"\s{2,}", row) for row in rows]
        said = {name: word for word, _, name, *_ in lines}
        return [said[name] for name in names or NAMES]
