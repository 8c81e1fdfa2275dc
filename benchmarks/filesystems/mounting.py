"""Mounting, with the certainty that all is unmounted again."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.battery.running import Command, UnavailableError, must, program, run

PATIENCE = 10.0
"""Seconds for what still has files open to let go of a file system."""


@contextmanager
def mounted(path: Path, *argv: str) -> Iterator[Path]:
    """Make a folder and mount something there with this command. Raises UnavailableError where that fails."""
    path.mkdir(parents=True, exist_ok=True)
    had(*argv)
    try:
        yield path
    finally:
        unmount(path)


def had(*argv: str) -> str:
    """Run a program that needs rights or the kernel's support; raise UnavailableError with its words where it fails."""
    ran = run(Command(argv=argv, cwd=Path("/")))
    if ran.code:
        lines = [line.strip() for line in ran.output.splitlines() if "dmesg" not in line and line.strip()]
        said = " ".join((lines[-1:] or [f"exit code {ran.code}"])[0].split())
        raise UnavailableError(f"{Path(argv[0]).name} failed: {_without_folders(said, argv)}")
    return ran.output


def unmount(path: Path) -> None:
    """Unmount what is mounted at a folder, now where that is possible, else as soon as nobody uses it."""
    until = time.monotonic() + PATIENCE
    while os.path.ismount(path):
        if run(Command(argv=("umount", str(path)), cwd=Path("/"))).code == 0:
            return
        if time.monotonic() > until:
            must(Command(argv=("umount", "--lazy", str(path)), cwd=Path("/")))
            return
        time.sleep(0.1)


def need_root() -> None:
    """Raise UnavailableError for anybody else."""
    if os.geteuid():
        raise UnavailableError("only root can mount it")


def need_kernel(name: str) -> str:
    """Return the kernel's version; raise UnavailableError where it has no such file system, and cannot load one."""
    need_root()
    run(Command(argv=("sh", "-c", f"modprobe {name} || modprobe fs-{name}"), cwd=Path("/")))
    known = {line.split()[-1] for line in Path("/proc/filesystems").read_text().splitlines()}
    if name not in known:
        raise UnavailableError(f"this kernel ({kernel()}) has no {name}")
    return f"Linux {kernel()}"


def kernel() -> str:
    """Return the kernel's version, without what its builder added."""
    kind = " (User-Mode Linux)" if "User Mode Linux" in Path("/proc/cpuinfo").read_text() else ""
    return platform.release().partition("-")[0] + kind


def package_version(name: str) -> str:
    """Return the version of an installed Debian package, as its makers number it."""
    text = had(program("dpkg-query", "dpkg"), "--show", "--showformat=${Version}", name)
    return text.partition(":")[2].partition("-")[0] or text.partition("-")[0]


def _without_folders(said: str, argv: tuple[str, ...]) -> str:
    """Return a sentence without the paths of this run in it."""
    for word in argv:
        if word.startswith("/"):
            said = said.replace(word, Path(word).name)
    return said
