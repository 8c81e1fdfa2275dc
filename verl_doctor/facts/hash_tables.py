"""The tables in which the loader looks a symbol up: GNU's, with a filter before it, and that of System V.

GNU's: https://sourceware.org/legacy-ml/binutils/2006-10/msg00377.html.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Final

from verl_doctor.facts.elf import ElfFile, UnreadableError
from verl_doctor.host import ReadAt

_SYSV_TABLE, _GNU_TABLE = 4, 0x6FFFFEF5
_GNU: Final = Struct("<IIII")
_SYSV: Final = Struct("<II")
_WORD: Final = Struct("<I")
_LONG: Final = Struct("<Q")
_LONGEST_CHAIN: Final = 2**12


class GnuTable:
    """A GNU hash table. It holds the symbols from `first` on: all that the object defines, and no others."""

    def __init__(self, at: ReadAt, place: int) -> None:
        self._at = at
        numbers: tuple[int, ...] = _GNU.unpack(at(place, _GNU.size))
        self._buckets, self.first, self._words, self._shift = numbers
        if not self._buckets or not self._words:
            raise UnreadableError("its hash table is damaged")
        self._filter_at = place + _GNU.size
        self._buckets_at = self._filter_at + 8 * self._words
        self._chains_at = self._buckets_at + 4 * self._buckets

    @property
    def is_empty(self) -> bool:
        """Say whether the object defines nothing; then `first` says nothing either."""
        return self._buckets == 1 and self._at(self._buckets_at, 4) == bytes(4)

    def candidates(self, name: bytes) -> Iterator[int]:
        """Yield the indices of the symbols among which this one is, if it is defined."""
        value = gnu_hash(name)
        (word,) = _LONG.unpack(self._at(self._filter_at + value // 64 % self._words * 8, 8))
        if not (word >> value % 64 & word >> (value >> self._shift % 32) % 64 & 1):
            return
        (index,) = _WORD.unpack(self._at(self._buckets_at + value % self._buckets * 4, 4))
        if index < self.first:
            return
        for step in range(index, index + _LONGEST_CHAIN):
            (other,) = _WORD.unpack(self._at(self._chains_at + (step - self.first) * 4, 4))
            if other | 1 == value | 1:
                yield step
            if other & 1:
                return
        raise UnreadableError("its hash table has no end")


class SysvTable:
    """A System V hash table. It holds all symbols, and so tells their `count`."""

    def __init__(self, at: ReadAt, place: int) -> None:
        self._at = at
        buckets, count = _SYSV.unpack(at(place, _SYSV.size))
        self._buckets, self.count = int(buckets), int(count)
        if not self._buckets:
            raise UnreadableError("its hash table is damaged")
        self._buckets_at = place + _SYSV.size
        self._chains_at = self._buckets_at + 4 * self._buckets

    def candidates(self, name: bytes) -> Iterator[int]:
        """Yield the indices of the symbols among which this one is, if it is there."""
        (index,) = _WORD.unpack(self._at(self._buckets_at + elf_hash(name) % self._buckets * 4, 4))
        for _ in range(_LONGEST_CHAIN):
            if index == 0:
                return
            yield index
            (index,) = _WORD.unpack(self._at(self._chains_at + 4 * index, 4))
        raise UnreadableError("its hash table has no end")


def tables(file: ElfFile) -> tuple[GnuTable | None, SysvTable | None]:
    """Return the hash tables of a shared object; it has one of them, or both."""
    gnu, sysv = file.table(_GNU_TABLE), file.table(_SYSV_TABLE)
    return GnuTable(file.at, gnu) if gnu else None, SysvTable(file.at, sysv) if sysv else None


def gnu_hash(name: bytes) -> int:
    """Return the hash of a symbol in a GNU hash table."""
    value = 5381
    for byte in name:
        value = value * 33 + byte & 0xFFFFFFFF
    return value


def elf_hash(name: bytes) -> int:
    """Return the hash of a symbol in a System V hash table."""
    value = 0
    for byte in name:
        value = (value << 4) + byte
        value = (value ^ (value >> 24 & 0xF0)) & 0x0FFFFFFF
    return value
