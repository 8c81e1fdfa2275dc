"""What happened to the three files: read from the file system, never from what a tool says."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.battery.workshop import FILES, VERSION, Workshop

Snapshot = Mapping[str, tuple[bytes, int]]
Fate = Literal["unchanged", "patched", "empty", "gone", "changed otherwise"]


def snapshot(root: Path) -> Snapshot:
    """Return the content and the mode of every file below a folder, bytecode left out."""
    found: dict[str, tuple[bytes, int]] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                found[path.relative_to(root).as_posix()] = (path.read_bytes(), path.stat().st_mode)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What happened since an earlier snapshot: to each of the three files, and besides."""

    fates: Mapping[int, Fate]
    added: Mapping[str, int]
    others: tuple[str, ...]

    @property
    def is_unchanged(self) -> bool:
        """Nothing happened to the three files."""
        return set(self.fates.values()) == {"unchanged"}

    @property
    def is_patched(self) -> bool:
        """All three are patched, and nothing else is in them."""
        return set(self.fates.values()) == {"patched"}

    @property
    def is_clean(self) -> bool:
        """Nothing was added, changed or removed besides the three files."""
        return not (self.added or self.others)

    def words(self) -> str:
        """Say what happened to the three files."""
        if self.is_patched:
            return "all files patched"
        if self.is_unchanged:
            return "no file changed"
        groups: dict[str, list[str]] = {}
        for number, fate in self.fates.items():
            groups.setdefault(fate, []).append(str(number))
        return ", ".join(f"{_files(numbers)} {fate}" for fate, numbers in groups.items())

    def left(self) -> str:
        """Name what was added; folders that are new as a whole with their size."""
        return ", ".join(
            f"`{path}` ({-(-size // 1024)} KiB)" if path.endswith("/") else f"`{path}`"
            for path, size in self.added.items()
        )


def look(workshop: Workshop, before: Snapshot, after: Snapshot, files: str) -> Look:
    """Compare two snapshots; `files` is the folder of packages in them, with a slash at its end."""
    numbered = {number: files + name for number, name in enumerate(FILES, 1) if files + name in before}
    others = [path for path in before if path not in numbered.values() and before[path] != after.get(path)]
    return Look(
        fates={number: _fate(workshop, before[path], after.get(path)) for number, path in numbered.items()},
        added={path.removeprefix(files): size for path, size in _tops(before, after).items()},
        others=tuple(others),
    )


def _fate(workshop: Workshop, before: tuple[bytes, int], after: tuple[bytes, int] | None) -> Fate:
    if after is None:
        return "gone"
    if before == after:
        return "unchanged"
    if not after[0]:
        return "empty"
    for name, original in workshop.originals[VERSION].items():
        if before[0] == original:
            return "patched" if after == (workshop.patched[name], before[1]) else "changed otherwise"
        if before[1] == after[1] and _edit(before[0], after[0]) == _edit(original, workshop.patched[name]):
            return "patched"
    return "changed otherwise"


def _edit(old: bytes, new: bytes) -> tuple[str, str]:
    """Return what was taken out and what was put in, white space left out: the same edit in another layout."""
    lines = list(difflib.ndiff(old.decode().splitlines(), new.decode().splitlines()))
    out, into = ("".join(line[2:] for line in lines if line.startswith(sign)) for sign in "-+")
    return "".join(out.split()), "".join(into.split())


def _files(numbers: Sequence[str]) -> str:
    return f"file {numbers[0]}" if len(numbers) == 1 else f"files {' and '.join(numbers)}"


def _tops(before: Snapshot, after: Snapshot) -> dict[str, int]:
    """Return the paths that are new with their sizes; of a new folder only the folder, with a slash at its end."""
    folders = {parent.as_posix() for path in before for parent in Path(path).parents}
    found: dict[str, int] = {}
    for path in sorted(after.keys() - before.keys()):
        new = [parent.as_posix() for parent in Path(path).parents if parent.as_posix() not in folders]
        top = f"{new[-1]}/" if new else path
        found[top] = found.get(top, 0) + len(after[path][0])
    return found
