"""The compiled extensions that are linked against torch, and what they need that nobody here offers.

Read from the tables of dynamic symbols alone; nothing is loaded. See docs/binaries.md for what that proves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from verl_doctor.facts import symbol_versions
from verl_doctor.facts.elf import UnreadableError
from verl_doctor.facts.loader import Libraries, Symbols
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.shared_objects import SharedObjects
from verl_doctor.facts.symbols import SharedObject
from verl_doctor.facts.torch import Torch
from verl_doctor.host import Host
from verl_doctor.mangled import has_cxx11_strings
from verl_doctor.model import Unavailable
from verl_doctor.target import Target

DEADLINE: Final = 30.0

Flavour = Literal["cuda", "rocm", "cpu"]

_LINKED: Final = re.compile(r"lib(torch|c10)(_\w+)?\.so")
TORCH_SYMBOL: Final = re.compile(
    rb"(_Z(T[VIST]|GV)?NK?[VRO]*(3c10|4c10d|2at|5torch|6caffe2)|_Z\d+THP|THP|(aoti_)?torch_)"
)
_CUDA_MAJOR: Final = re.compile(r"lib(cudart|cublas|cublasLt|nvrtc)[-.\w]*\.so\.(\d+)")
_REQUIRES_TORCH: Final = re.compile(rb"^Requires-Dist:\s*(torch(?![\w.-]).*?)\s*$", re.MULTILINE)
_METADATA_LIMIT: Final = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A shared object that is linked against torch.

    `needs` says how many of torch's symbols it must find; `missing` holds those that nobody offers, `absent` the
    libraries that nobody provides, `outdated` the versions of symbols that the system's C and C++ libraries are too old
    to have. `flavour` is what the torch computes on that it is linked against; `cuda` the major version of CUDA that it
    was built with; `cxx11_abi` the C++ ABI of the strings in the symbols it needs. Both are None where nothing tells.
    """

    needs: int
    missing: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    flavour: Flavour = "cpu"
    cuda: str | None = None
    cxx11_abi: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A distribution with extensions by path, in `location`. `requires` holds its Requires-Dist lines about torch."""

    location: str
    extensions: Mapping[str, Extension | Unavailable]
    requires: tuple[str, ...] = ()


def collect(
    host: Host,
    target: Target,
    packages: Mapping[str, Distribution],
    torch: Torch,
    shared_objects: Mapping[str, SharedObjects],
) -> dict[str, Linked]:
    """Return the distributions that are linked against torch, torch among them, by normalised name."""
    objects = {key: each.there for key, each in shared_objects.items()}
    packaged = {path.rpartition("/")[2]: path for paths in objects.values() for path in paths}
    folder = Path(torch.location, "lib")
    with suppress(FileNotFoundError):
        packaged.update({name: f"{folder}/{name}" for name in host.names(folder)})
    with ExitStack() as stack:
        symbols = Symbols(host, folder, stack)
        reader = _Reader(host, symbols, Libraries(host, target, packaged), packaged)
        found = {key: reader.linked(packages[key], paths, key == "torch") for key, paths in objects.items() if paths}
    return {key: linked for key, linked in found.items() if linked is not None}


@dataclass(frozen=True, slots=True)
class _Reader:
    host: Host
    symbols: Symbols
    libraries: Libraries
    packaged: Mapping[str, str]

    def linked(self, distribution: Distribution, paths: Sequence[str], is_torch: bool) -> Linked | None:
        """Return what a distribution's shared objects need, or None where none is linked against torch."""
        read = {path: self._extension(path, paths, is_torch) for path in paths}
        if not any(isinstance(extension, Extension) for extension in read.values()):
            return None
        place = Path(distribution.location)
        return Linked(
            location=distribution.location,
            extensions={path.removeprefix(f"{place}/"): extension for path, extension in read.items() if extension},
            requires=() if is_torch else self._requires(place / distribution.metadata / "METADATA"),
        )

    def _extension(self, path: str, siblings: Sequence[str], is_torch: bool) -> Extension | Unavailable | None:
        try:
            with self.host.opened(Path(path)) as read:
                shared = SharedObject(read)
                links = [match.group(2) or "" for name in shared.libraries if (match := _LINKED.fullmatch(name))]
                if not links:
                    return None
                if shared.machine != self.symbols.machine:
                    return Unavailable(f"it is for {shared.machine}, torch for {self.symbols.machine}")
                needed = () if is_torch else tuple(filter(TORCH_SYMBOL.match, shared.needed()))
                return self._judged(path, shared, needed, links, siblings)
        except UnreadableError as error:
            return Unavailable(str(error))
        except FileNotFoundError:
            return None  # images that are made smaller leave files out
        except OSError as error:
            return Unavailable(error.strerror or str(error))

    def _judged(
        self, path: str, shared: SharedObject, needed: Sequence[bytes], links: Sequence[str], siblings: Sequence[str]
    ) -> Extension:
        missing = [name for name in needed if not self.symbols.offers(name)]
        if missing:
            missing = self._not_elsewhere(missing, shared, [other for other in siblings if other != path])
            missing = list(shared.as_loaded(missing))
        majors = (match.group(2) for name in shared.libraries if (match := _CUDA_MAJOR.match(name)))
        abis = (has_cxx11_strings(name.decode("ascii", "replace")) for name in needed)
        return Extension(
            needs=len(needed),
            missing=tuple(name.decode("ascii", "backslashreplace") for name in missing),
            absent=self.libraries.absent(shared.libraries, shared.search_path, Path(path).parent),
            outdated=self.libraries.outdated(symbol_versions.needed(shared)),
            flavour="cuda" if "_cuda" in links else "rocm" if "_hip" in links else "cpu",
            cuda=next(majors, None),
            cxx11_abi=next((abi for abi in abis if abi is not None), None),
        )

    def _not_elsewhere(self, names: list[bytes], shared: SharedObject, siblings: Sequence[str]) -> list[bytes]:
        """Return the symbols that neither the distribution's own libraries nor those that are linked offer."""
        linked = (self.packaged[name] for name in shared.libraries if name in self.packaged)
        for path in dict.fromkeys((*siblings, *linked)):
            try:
                with self.host.opened(Path(path)) as read:
                    other = SharedObject(read)
                    names = [name for name in names if not other.offers(name)]
            except (UnreadableError, OSError):
                continue  # what cannot be read offers nothing
        return names

    def _requires(self, metadata: Path) -> tuple[str, ...]:
        try:
            text = self.host.read(metadata, _METADATA_LIMIT)
        except OSError:
            return ()
        return tuple(line.decode("utf-8", "replace") for line in _REQUIRES_TORCH.findall(text))
