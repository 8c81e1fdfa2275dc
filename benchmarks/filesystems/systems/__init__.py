"""The file systems, one a module, found by import."""

from __future__ import annotations

import importlib

from benchmarks.filesystems.system import System

MODULES = (
    "ext4",
    "xfs",
    "btrfs",
    "tmpfs",
    "overlay",
    "fuse_overlayfs",
    "bindfs",
    "sshfs",
    "sshfs_uncached",
    "glusterfs",
    "nfs",
    "casefold",
    "ext4_read_only",
    "squashfs",
    "ext4_full",
    "tmpfs_full",
    "btrfs_full",
)


def load() -> list[System]:
    """Return the file systems in the order of the table."""
    return [importlib.import_module(f"{__name__}.{name}").SYSTEM() for name in MODULES]
