"""What the system grants this process: shared memory, files, processes, memory, processors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from verl_doctor.host import Host, Limit, Space
from verl_doctor.target import Target

DEADLINE: Final = 2.0
_NO_LIMIT: Final = 2**60
"""cgroup v1 writes "no limit" as the largest page-aligned number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of this process and node. Memory in bytes; None where the system does not tell or sets no limit."""

    shm: Space | None
    open_files: Limit
    processes: Limit
    locked_memory: Limit
    memory_total: int | None
    memory_available: int | None
    cgroup_memory: int | None
    cpus: int
    """Processors that this process may use: by its affinity, and by the time that its control groups grant."""


def collect(host: Host, target: Target) -> Limits:
    """Return the limits of this process, which a job started from here inherits."""
    del target
    memory = _memory(host)
    return Limits(
        shm=_shm(host),
        open_files=host.limit("RLIMIT_NOFILE"),
        processes=host.limit("RLIMIT_NPROC"),
        locked_memory=host.limit("RLIMIT_MEMLOCK"),
        memory_total=memory.get("MemTotal"),
        memory_available=memory.get("MemAvailable"),
        cgroup_memory=min(_cgroup_memory(host), default=None),
        cpus=min([host.cpus(), *_cgroup_cpus(host)]),
    )


def _shm(host: Host) -> Space | None:
    try:
        return host.space(Path("/dev/shm"))  # noqa: S108 - its size is asked, nothing is written
    except OSError:
        return None


def _memory(host: Host) -> dict[str, int]:
    try:
        text = host.read(Path("/proc/meminfo"), 2**14).decode("ascii", "replace")
    except OSError:
        return {}
    words = (line.split() for line in text.splitlines())
    return {word[0].rstrip(":"): int(word[1]) * 1024 for word in words if len(word) > 1 and word[1].isdigit()}


def _cgroup_memory(host: Host) -> Iterator[int]:
    """Yield the memory limits of this process's control group and of all above it: the smallest one counts."""
    for folder in _cgroup_folders(host, "memory"):
        for file in ("memory.max", "memory.limit_in_bytes"):
            for told in _words(host, folder / file):
                if told.isdigit() and int(told) < _NO_LIMIT:
                    yield int(told)


def _cgroup_cpus(host: Host) -> Iterator[int]:
    """Yield the processors' worth of time, in whole ones, that the control groups grant."""
    for folder in _cgroup_folders(host, "cpu"):
        told = _words(host, folder / "cpu.max") or (
            *_words(host, folder / "cpu.cfs_quota_us"),
            *_words(host, folder / "cpu.cfs_period_us"),
        )
        match told:
            case (quota, period) if quota.isdigit() and period.isdigit() and int(period):
                yield max(1, int(quota) // int(period))
            case _:
                continue


def _cgroup_folders(host: Host, controller: str) -> Iterator[Path]:
    """Yield the folders of this process's control group and of all above it, of either version of cgroups."""
    try:
        lines = host.read(Path("/proc/self/cgroup"), 2**14).decode("ascii", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        root = Path("/sys/fs/cgroup", controllers)
        inner = PurePosixPath(group.lstrip("/"))
        yield from (root / folder for folder in (inner, *inner.parents))


def _words(host: Host, file: Path) -> tuple[str, ...]:
    try:
        return tuple(host.read(file, 64).decode("ascii", "replace").split())
    except OSError:
        return ()
