"""File systems in an image file, on a loop device."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.running import program
from benchmarks.filesystems.mounting import had, mounted

MIB = 1024 * 1024


@contextmanager
def made(folder: Path, size: int, mkfs: tuple[str, ...], package: str, options: str = "") -> Iterator[Path]:
    """Make a file system of `size` MiB, mount it, and give the folder where it is mounted."""
    image = folder / "image"
    with image.open("wb") as file:
        file.truncate(size * MIB)
    had(program(mkfs[0], package), *mkfs[1:], str(image))
    choice = ",".join(filter(None, ["loop", options]))
    with mounted(folder / "files", "mount", "-o", choice, str(image), str(folder / "files")) as path:
        yield path
    image.unlink()
