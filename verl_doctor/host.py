"""The machine as the doctor sees it: everything that reads files, runs programs or asks the system is here."""

from __future__ import annotations

import errno
import os
import platform
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from mmap import mmap

READ_LIMIT = 64 * 2**20
_PIECE = 2**20
LAST_WAIT = 0.5
"""Seconds that a killed program has to end; one stuck in the kernel (a hung driver, a dead NFS server) never does."""


@dataclass(frozen=True, slots=True)
class Exited:
    """A program that ran to its end: its exit status and what it printed."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """A program that did not end within its deadline (seconds) and was killed."""

    deadline: float
    stdout: str = ""
    stderr: str = ""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """A program that could not be started, and why."""

    reason: str


Run = Exited | TimedOut | NotStarted


class Process(Protocol):
    """A program that is running."""

    def wait(self, deadline: float) -> Run:
        """Return what became of the program; kill it and its group when `deadline` seconds have passed."""


@dataclass(frozen=True, slots=True)
class Space:
    """A file system's room, in bytes."""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Limit:
    """A resource limit of this process; None is "unlimited"."""

    soft: int | None
    hard: int | None


ReadAt = Callable[[int, int], bytes]
"""Returns so many bytes of a file from an offset on, fewer at its end."""


class Host(Protocol):
    """What may be asked of a machine. Reading methods raise `OSError` as the system does."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of this process."""

    @property
    def machine(self) -> str:
        """The processor's architecture, as `uname -m` says it."""

    def read(self, path: Path, limit: int = READ_LIMIT) -> bytes:
        """Return the first `limit` bytes of a file."""

    def read_anew(self, path: Path, limit: int = READ_LIMIT) -> bytes:
        """Return the first `limit` bytes of a file as they are now, whatever was seen of it before."""

    def size(self, path: Path) -> int:
        """Return a file's size in bytes."""

    def names(self, path: Path) -> tuple[str, ...]:
        """Return the names in a directory, sorted."""

    def is_file(self, path: Path) -> bool:
        """Say whether a file (or a link to one) is there; False where it cannot be seen."""

    def is_dir(self, path: Path) -> bool:
        """Say whether a directory (or a link to one) is there; False where it cannot be seen."""

    def real(self, path: Path) -> Path:
        """Return the path with every symbolic link followed."""

    def is_writable(self, path: Path) -> bool:
        """Say whether this user may write there."""

    def find(self, data: Path, pattern: bytes) -> bytes | None:
        """Return the first match of a regular expression in a file of any size, or None."""

    def opened(self, path: Path) -> AbstractContextManager[ReadAt]:
        """Open a file of any size, to read pieces of it."""

    def which(self, program: str) -> Path | None:
        """Return where PATH has a program."""

    def start(self, argv: Sequence[str]) -> Process | NotStarted:
        """Start a program with no standard input, in a process group of its own."""

    def run(self, argv: Sequence[str], deadline: float) -> Run:
        """Run a program to its end, for at most `deadline` seconds."""

    def space(self, path: Path) -> Space:
        """Return the room on the file system that holds `path`."""

    def limit(self, name: str) -> Limit:
        """Return a resource limit by its name in `resource`, such as `RLIMIT_NOFILE`."""

    def cpus(self) -> int:
        """Return how many processors this process may use."""

    def libc(self) -> str | None:
        """Return the C library and its version ("glibc 2.39"), None where it does not tell."""


class LocalProcess:
    """A child of this process, in a group of its own so that its children end with it.

    Being in another group, it does not hear of a Ctrl-C; so it is killed when `wait` is interrupted, and by
    `end_all` when the doctor leaves while another thread waits.
    """

    running: ClassVar[set[LocalProcess]] = set()
    is_leaving: ClassVar[bool] = False

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        import subprocess

        self._child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=dict(environ),
        )
        self.running.add(self)
        if self.is_leaving:
            self.kill()

    def wait(self, deadline: float) -> Run:
        """Return what became of the program; kill it and its group when `deadline` seconds have passed."""
        import subprocess

        try:
            out, err = self._child.communicate(timeout=deadline)
        except subprocess.TimeoutExpired:
            self.kill()
            try:
                out, err = self._child.communicate(timeout=LAST_WAIT)
            except subprocess.TimeoutExpired:
                out, err = b"", b""
            return TimedOut(deadline, _text(out), _text(err))
        except BaseException:
            self.kill()
            raise
        self.running.discard(self)
        return Exited(self._child.returncode, _text(out), _text(err))

    def kill(self) -> None:
        """Kill the program and what it started."""
        self.running.discard(self)
        if self._child.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, signal.SIGKILL)

    @classmethod
    def end_all(cls) -> None:
        """Kill every program that still runs; one that is started later ends at once."""
        cls.is_leaving = True
        for process in tuple(cls.running):
            process.kill()


class LocalHost:
    """The machine that the doctor runs on."""

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables of this process."""
        return os.environ

    @property
    def machine(self) -> str:
        """The processor's architecture, as `uname -m` says it."""
        return platform.machine()

    def read(self, path: Path, limit: int = READ_LIMIT) -> bytes:
        """Return the first `limit` bytes of a file."""
        with open(path, "rb") as file:
            return file.read(limit)

    def read_anew(self, path: Path, limit: int = READ_LIMIT) -> bytes:
        """Return the first `limit` bytes of a file as they are now, whatever was seen of it before.

        Network file systems show for a while what they saw: NFS and GlusterFS the file that had the name, until its
        folder is listed; sshfs new bytes, cut where the old ones ended, unless they are read past the kernel's cache.
        """
        os.listdir(path.parent)
        try:
            return b"".join(_past_the_cache(path, limit))
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        return self.read(path, limit)  # a file system that cannot read past the cache

    def size(self, path: Path) -> int:
        """Return a file's size in bytes."""
        return os.stat(path).st_size

    def names(self, path: Path) -> tuple[str, ...]:
        """Return the names in a directory, sorted."""
        return tuple(sorted(os.listdir(path)))

    def is_file(self, path: Path) -> bool:
        """Say whether a file (or a link to one) is there; False where it cannot be seen."""
        return os.path.isfile(path)

    def is_dir(self, path: Path) -> bool:
        """Say whether a directory (or a link to one) is there; False where it cannot be seen."""
        return os.path.isdir(path)

    def real(self, path: Path) -> Path:
        """Return the path with every symbolic link followed."""
        return Path(os.path.realpath(path))

    def is_writable(self, path: Path) -> bool:
        """Say whether this user may write there."""
        return os.access(path, os.W_OK)

    def find(self, data: Path, pattern: bytes) -> bytes | None:
        """Return the first match of a regular expression in a file of any size, or None."""
        import mmap
        import re

        with open(data, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as image:
            match = re.search(pattern, image)
            return match.group() if match else None

    @contextmanager
    def opened(self, path: Path) -> Iterator[ReadAt]:
        """Open a file of any size, to read pieces of it.

        Not mapped into memory: a file that is cut short meanwhile would end the program (SIGBUS). Opened so that
        a named pipe does not wait for a writer.
        """
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            yield lambda offset, size: os.pread(descriptor, size, offset)
        finally:
            os.close(descriptor)

    def which(self, program: str) -> Path | None:
        """Return where PATH has a program."""
        import shutil

        found = shutil.which(program, path=self.environ.get("PATH"))
        return Path(found) if found else None

    def start(self, argv: Sequence[str]) -> Process | NotStarted:
        """Start a program with no standard input, in a process group of its own."""
        try:
            return LocalProcess(argv, self.environ)
        except OSError as error:
            return NotStarted(f"{argv[0]}: {error.strerror}")

    def run(self, argv: Sequence[str], deadline: float) -> Run:
        """Run a program to its end, for at most `deadline` seconds."""
        process = self.start(argv)
        return process if isinstance(process, NotStarted) else process.wait(deadline)

    def space(self, path: Path) -> Space:
        """Return the room on the file system that holds `path`."""
        status = os.statvfs(path)
        return Space(status.f_frsize * status.f_blocks, status.f_frsize * status.f_bavail)

    def limit(self, name: str) -> Limit:
        """Return a resource limit by its name in `resource`, such as `RLIMIT_NOFILE`."""
        soft, hard = resource.getrlimit(getattr(resource, name))
        return Limit(*(None if bound == resource.RLIM_INFINITY else bound for bound in (soft, hard)))

    def cpus(self) -> int:
        """Return how many processors this process may use."""
        return len(os.sched_getaffinity(0))

    def libc(self) -> str | None:
        """Return the C library and its version ("glibc 2.39"), None where it does not tell."""
        try:
            return os.confstr("CS_GNU_LIBC_VERSION")
        except (OSError, ValueError):
            return None


def _past_the_cache(path: Path, limit: int) -> Iterator[bytes]:
    """Yield the pieces of a file's first `limit` bytes. Raises OSError (EINVAL) where that cannot be done."""
    from mmap import mmap

    file = os.open(path, os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        with mmap(-1, _PIECE) as buffer:  # such reads need memory that begins with a page
            read = 0
            while read < limit and (count := _read_into(buffer, file, read)):
                yield buffer[: min(count, limit - read)]
                read += count
    finally:
        os.close(file)


def _read_into(buffer: mmap, file: int, offset: int) -> int:
    """Return how much of a file was read; 0 at its end, where some file systems refuse an offset that is not round."""
    try:
        return os.preadv(file, [buffer], offset)
    except OSError as error:
        if offset and error.errno == errno.EINVAL:
            return 0
        raise


def own_python() -> Path:
    """Return the interpreter that runs the doctor."""
    return Path(sys.executable)


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")
