"""Which file system a folder lies on, and whether a lock there is known to every node that shares it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from verl_doctor.host import Host

TABLE: Final = Path("/proc/self/mountinfo")

_OF_THIS_NODE: Final = frozenset({
    "bcachefs", "btrfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "fuse.fuse-overlayfs", "fuseblk", "jfs",
    "nilfs2", "ntfs", "ntfs3", "overlay", "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "ubifs", "vfat", "xfs",
    "zfs",
})  # fmt: skip
"""File systems that one node alone writes to."""

_OCTAL: Final = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A line of the table of mounts (proc_pid_mountinfo(5)): a folder, and the kind of file system on it."""

    folder: Path
    kind: str


def is_of_this_node(host: Host, path: Path) -> bool:
    """Say whether only this node writes to the file system of a path, so that the kernel knows of every lock."""
    mount = of(host, path)
    return mount is not None and mount.kind in _OF_THIS_NODE


def of(host: Host, path: Path) -> Mount | None:
    """Return where a path is mounted, None where the system does not tell."""
    try:
        table = os.fsdecode(host.read(TABLE))
    except OSError:
        return None
    real = host.real(path)
    above = [mount for mount in _mounts(table) if real.is_relative_to(mount.folder)]
    # Of several on one folder the last covers the others.
    return max(reversed(above), key=lambda mount: len(mount.folder.parts), default=None)


@lru_cache(maxsize=1)
def _mounts(table: str) -> tuple[Mount, ...]:
    return tuple(_read(table))


def _read(table: str) -> Iterator[Mount]:
    for line in table.splitlines():
        fields, separator, rest = line.partition(" - ")
        columns, kinds = fields.split(" "), rest.split(" ")
        if separator and len(columns) > 4:  # noqa: PLR2004 # id, parent, device, root, folder
            yield Mount(folder=Path(_plain(columns[4])), kind=kinds[0])


def _plain(field: str) -> str:
    """Return a field without the escapes for blanks, newlines and backslashes."""
    return _OCTAL.sub(lambda found: chr(int(found[1], 8)), field)
