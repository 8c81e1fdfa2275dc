"""What the dynamic loader would find in the target: libraries by name, and symbols in torch's libraries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import Final

from verl_doctor.facts.elf import ElfFile, UnreadableError
from verl_doctor.facts.missing import MissingFactError
from verl_doctor.facts.symbol_versions import defined
from verl_doctor.facts.symbols import SharedObject
from verl_doctor.host import Host
from verl_doctor.target import Target

_OF_THE_DRIVER: Final = re.compile(r"lib(cuda|nvidia-[\w-]+|nvcuvid|dxcore)\.so(\.|$)")
_ON_DEMAND: Final = re.compile(
    r"lib(av(codec|device|filter|format|util)|sw(resample|scale)|sox|python3[\d.]*)\.so(\.|$)"
)
"""Codecs: torchaudio and torchcodec have an extension for each FFmpeg and load the one that fits. And Python itself."""
_ORIGIN: Final = re.compile(r"\$ORIGIN|\$\{ORIGIN\}")
_OF_THE_SYSTEM: Final = frozenset({"libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1"})
_SYSTEM_FOLDERS: Final = ("lib", "lib64", "usr/lib", "usr/lib64", "usr/local/lib", "usr/local/cuda/lib64")
_CACHE_LIMIT: Final = 8 * 2**20
_TORCH_LIBRARY: Final = re.compile(r"lib(torch|c10|caffe2|shm)\w*\.so")
_FIRST: Final = ("libtorch_cpu.so", "libc10.so", "libtorch_python.so", "libtorch_cuda.so", "libc10_cuda.so")


class Libraries:
    """The libraries that a process in the target can load, by name.

    One that lies anywhere among the packages counts: torch loads those of NVIDIA's wheels before an extension
    asks for them, and other packages do the like for theirs.
    """

    def __init__(self, host: Host, target: Target, packaged: Mapping[str, str]) -> None:
        self._host = host
        self._packaged = packaged
        root = Path(target.root)
        machine = f"{host.machine}-linux-gnu"
        folders = [root / name for name in _SYSTEM_FOLDERS]
        folders += [root / lib / machine for lib in ("lib", "usr/lib")]
        folders += [Path(target.prefix, "lib"), *self._beside_the_interpreter(target)]
        if root == Path("/"):
            folders += [Path(folder) for folder in host.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
            folders += [Path(home, "lib64") for name in ("CUDA_HOME", "CUDA_PATH") if (home := host.environ.get(name))]
        self._folders = tuple(dict.fromkeys(folders))
        try:
            self._cache = host.read(root / "etc/ld.so.cache", _CACHE_LIMIT)
        except OSError:
            self._cache = b""
        self._outside = target.outside
        self._answers: dict[str, bool] = {}
        self._versions: dict[str, frozenset[str]] = {}
        # Where not even the C library is seen, the system is not the one that the packages will run on.
        self._knows_the_system = self._in_system("libc.so.6")

    def absent(self, names: Iterable[str], search_path: Iterable[str], origin: Path) -> tuple[str, ...]:
        """Return those of the libraries that nobody provides. `search_path` is of an object in the folder `origin`."""
        own = [
            Path(_ORIGIN.sub(str(origin), folder)) if "ORIGIN" in folder else self._outside(folder)
            for folder in search_path
        ]
        return tuple(
            name
            for name in names
            if not self._provides(name) and not any(self._host.is_file(folder / name) for folder in (*own, origin))
        )

    def outdated(self, versions: Iterable[tuple[str, str]]) -> tuple[str, ...]:
        """Return the versions of symbols that the system's C and C++ libraries are too old to have."""
        return tuple(
            version
            for library, version in versions
            if library in _OF_THE_SYSTEM and (known := self._versions_of(library)) and version not in known
        )

    def _versions_of(self, library: str) -> frozenset[str]:
        """Return the versions that any of the libraries of this name has: which one is loaded is not known."""
        if library not in self._versions:
            listed = re.findall(rb"(/[^\0]*/" + re.escape(library.encode()) + rb")\0", self._cache)
            paths = [folder / library for folder in self._folders]
            paths += [self._outside(path.decode("utf-8", "replace")) for path in listed]
            found: set[str] = set()
            for path in dict.fromkeys(paths):
                with suppress(OSError, UnreadableError), self._host.opened(path) as read:
                    found.update(defined(ElfFile(read)))
            self._versions[library] = frozenset(found)
        return self._versions[library]

    def _beside_the_interpreter(self, target: Target) -> tuple[Path, ...]:
        """Return the folder where conda's Python, also under a virtual environment, has its libraries."""
        if target.python is None or target.root != "/":
            return ()
        return (self._host.real(Path(target.python)).parent.parent / "lib",)

    def _provides(self, name: str) -> bool:
        if name not in self._answers:
            self._answers[name] = bool(
                name in self._packaged
                or _OF_THE_DRIVER.match(name)
                or _ON_DEMAND.match(name)
                or not self._knows_the_system
                or self._in_system(name)
            )
        return self._answers[name]

    def _in_system(self, name: str) -> bool:
        listed = f"/{name}\0".encode() in self._cache
        return listed or any(self._host.is_file(folder / name) for folder in self._folders)


class Symbols:
    """The symbols that torch's libraries offer, each looked up once.

    The libraries are opened when the first is asked for, and stay open as long as the stack. Raises MissingFactError
    where they cannot be read.
    """

    def __init__(self, host: Host, folder: Path, stack: ExitStack) -> None:
        self._host = host
        self._folder = folder
        self._stack = stack
        self._answers: dict[bytes, bool] = {}

    @cached_property
    def _libraries(self) -> tuple[SharedObject, ...]:
        try:
            names = sorted(filter(_TORCH_LIBRARY.fullmatch, self._host.names(self._folder)), key=_most_asked_first)
            opened = tuple(SharedObject(self._stack.enter_context(self._host.opened(self._folder / n))) for n in names)
        except (UnreadableError, OSError) as error:
            raise MissingFactError(f"torch's libraries in {self._folder} cannot be read: {error}") from error
        if not opened:
            raise MissingFactError(f"{self._folder} holds none of torch's libraries")
        return opened

    @property
    def machine(self) -> str:
        """The processor that torch is for."""
        return self._libraries[0].machine

    def offers(self, name: bytes) -> bool:
        """Say whether one of torch's libraries defines a symbol."""
        if name not in self._answers:
            self._answers[name] = any(library.offers(name) for library in self._libraries)
        return self._answers[name]


def _most_asked_first(name: str) -> int:
    return _FIRST.index(name) if name in _FIRST else len(_FIRST)
