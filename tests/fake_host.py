"""A machine made of values, for tests."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from verl_doctor.host import READ_LIMIT, Exited, Limit, NotStarted, Process, ReadAt, Run, Space


@dataclass(frozen=True)
class Ended:
    """A process whose outcome is known in advance."""

    outcome: Run

    def wait(self, deadline: float) -> Run:
        del deadline
        return self.outcome


@dataclass
class FakeHost:
    """Files by path, programs by their argv, and answers for the rest. `denied` paths raise PermissionError."""

    files: Mapping[str, bytes | str] = field(default_factory=dict)
    programs: Mapping[tuple[str, ...], Run] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    machine: str = "x86_64"
    links: Mapping[str, str] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()
    limits: Mapping[str, Limit] = field(default_factory=dict)
    spaces: Mapping[str, Space] = field(default_factory=dict)
    started: list[tuple[str, ...]] = field(default_factory=list)

    def read(self, path: Path, limit: int = READ_LIMIT) -> bytes:
        key = str(self.real(path))
        if key in self.denied:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        if key not in self.files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        content = self.files[key]
        return (content.encode() if isinstance(content, str) else content)[:limit]

    def read_anew(self, path: Path, limit: int = READ_LIMIT) -> bytes:
        return self.read(path, limit)

    def size(self, path: Path) -> int:
        key = str(self.real(path))
        if key not in self.files:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        content = self.files[key]
        return len(content.encode() if isinstance(content, str) else content)

    def names(self, path: Path) -> tuple[str, ...]:
        parent = self.real(path)
        if str(parent) in self.denied:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        found = {
            name.relative_to(parent).parts[0]
            for name in map(PurePosixPath, [*self.files, *self.links])
            if str(name) != str(parent) and name.is_relative_to(parent)
        }
        if not found:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return tuple(sorted(found))

    def is_file(self, path: Path) -> bool:
        return str(self.real(path)) in self.files

    def is_dir(self, path: Path) -> bool:
        here = self.real(path)
        return any(PurePosixPath(name).is_relative_to(here) for name in self.files if name != str(here))

    def real(self, path: Path) -> Path:
        return Path(self.links.get(str(path), str(path)))

    def is_writable(self, path: Path) -> bool:
        return str(path) not in self.denied

    def find(self, data: Path, pattern: bytes) -> bytes | None:
        match = re.search(pattern, self.read(data))
        return match.group() if match else None

    @contextmanager
    def opened(self, path: Path) -> Iterator[ReadAt]:
        data = self.read(path)
        yield lambda offset, size: data[offset : offset + size]

    def which(self, program: str) -> Path | None:
        for folder in self.environ.get("PATH", "/usr/bin").split(":"):
            if self.is_file(Path(folder, program)):
                return Path(folder, program)
        return None

    def start(self, argv: Sequence[str]) -> Process | NotStarted:
        self.started.append(tuple(argv))
        outcome = self.programs.get(tuple(argv), NotStarted(f"{argv[0]}: No such file or directory"))
        return outcome if isinstance(outcome, NotStarted) else Ended(outcome)

    def run(self, argv: Sequence[str], deadline: float) -> Run:
        process = self.start(argv)
        return process if isinstance(process, NotStarted) else process.wait(deadline)

    def space(self, path: Path) -> Space:
        if str(path) not in self.spaces:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return self.spaces[str(path)]

    def limit(self, name: str) -> Limit:
        return self.limits.get(name, Limit(None, None))

    def cpus(self) -> int:
        return 8

    def libc(self) -> str | None:
        return "glibc 2.39"


__all__ = ["Exited", "FakeHost", "Limit", "NotStarted", "Space"]
