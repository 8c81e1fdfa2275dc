"""Versions of symbols: those of the C and C++ libraries that a shared object needs, and those that a library has.

The format: https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final

from verl_doctor.facts.elf import ElfFile, UnreadableError

_NEEDED, _NEEDED_COUNT, _DEFINED, _DEFINED_COUNT = 0x6FFFFFFE, 0x6FFFFFFF, 0x6FFFFFFC, 0x6FFFFFFD
_LIBRARY: Final = Struct("<2xHIII")
_VERSION: Final = Struct("<4xH2xII")
_DEFINITION: Final = Struct("<6xH4xII")
_NAME: Final = Struct("<I4x")
_WEAK: Final = 2
_MOST: Final = 2**9


def needed(file: ElfFile) -> Iterator[tuple[str, str]]:
    """Yield pairs of a library and a version that it must have, such as libc.so.6 and GLIBC_2.34."""
    place = file.table(_NEEDED)
    if place is None:
        return
    for _ in range(_bounded(file.tags.get(_NEEDED_COUNT, 0))):
        count, name, version_at, following = _LIBRARY.unpack(file.at(place, _LIBRARY.size))
        library, at = file.text(name), place + version_at
        for _ in range(_bounded(count)):
            flags, version, step = _VERSION.unpack(file.at(at, _VERSION.size))
            if not flags & _WEAK:
                yield library, file.text(version)
            at += step
        place += following


def defined(file: ElfFile) -> Iterator[str]:
    """Yield the versions that a library has."""
    place = file.table(_DEFINED)
    if place is None:
        return
    for _ in range(_bounded(file.tags.get(_DEFINED_COUNT, 0))):
        _, name_at, following = _DEFINITION.unpack(file.at(place, _DEFINITION.size))
        (name,) = _NAME.unpack(file.at(place + name_at, _NAME.size))
        yield file.text(name)
        place += following


def _bounded(count: int) -> int:
    if count > _MOST:
        raise UnreadableError(f"it would have {count} versions of symbols")
    return count
