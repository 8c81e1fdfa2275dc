"""What a shared object says about itself: the libraries and symbols it needs, and which symbols it offers.

Only the dynamic section and the tables it names are read, piece by piece, as the dynamic loader does; section
headers, which a stripped file may lack, serve where no hash table tells how long the symbol table is. The format:
https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html and, for the GNU hash table,
https://sourceware.org/legacy-ml/binutils/2006-10/msg00377.html.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from struct import Struct
from typing import Final, NamedTuple

from verl_doctor.host import ReadAt

MACHINES: Final = {62: "x86-64", 183: "AArch64"}

_HEADER: Final = Struct("<4sBB10xHH12xQQ6xHHHHH")
_SEGMENT: Final = Struct("<I4xQQ8xQ16x")
_SECTION: Final = Struct("<4xI24xQ24x")
_ENTRY: Final = Struct("<qQ")
_RELOCATION: Final = Struct("<12xI8x")
_SYMBOL: Final = Struct("<IBxH16x")
_GNU_HASH: Final = Struct("<IIII")
_HASH: Final = Struct("<II")
_WORD: Final = Struct("<I")
_LONG: Final = Struct("<Q")

_SHARED, _LOAD, _DYNAMIC, _SYMBOL_SECTION, _WEAK = 3, 1, 2, 11, 2
_NEEDED, _HASH_TABLE, _STRINGS, _SYMBOLS, _STRINGS_SIZE, _RPATH, _RUNPATH = 1, 4, 5, 6, 10, 15, 29
_GNU_HASH_TABLE, _RELATIVE_COUNT = 0x6FFFFEF5, 0x6FFFFFF9
_RELOCATIONS, _RELOCATIONS_SIZE, _CALLS, _CALLS_SIZE = 7, 8, 23, 2

_PIECE: Final = 2**20
"""The most that is read at once, and the longest name."""
_WINDOW: Final = 2**12
_SMALL: Final = 2**18
"""A table of names up to this size is read whole; in a larger one a window moves."""
_MOST_SYMBOLS: Final = 2**20
_LONGEST_CHAIN: Final = 2**12
_LARGEST: Final = 2**62


class UnreadableError(Exception):
    """The file is no shared object that can be read here; the message says why."""


class _GnuHash(NamedTuple):
    buckets: int
    first: int
    words: int
    shift: int
    filter_at: int

    @property
    def buckets_at(self) -> int:
        return self.filter_at + 8 * self.words

    @property
    def chains_at(self) -> int:
        return self.buckets_at + 4 * self.buckets


class SharedObject:
    """A shared object for 64-bit little-endian machines. Every method raises UnreadableError for a damaged one."""

    def __init__(self, read: ReadAt) -> None:
        self._read = read
        magic, bits, order, kind, machine, segments, sections, *sizes = _HEADER.unpack(self._at(0, _HEADER.size))
        if magic != b"\x7fELF":
            raise UnreadableError("it is not an ELF file")
        if (bits, order) != (2, 1):
            raise UnreadableError("it is for a 32-bit machine" if bits == 1 else "it is for a big-endian machine")
        if kind != _SHARED:
            raise UnreadableError("it is not a shared object")
        if machine not in MACHINES:
            raise UnreadableError(f"it is for another processor (ELF machine {machine})")
        self.machine = MACHINES[machine]
        segment_size, segment_count, section_size, section_count = sizes[:4]
        if segment_size != _SEGMENT.size:
            raise UnreadableError("its program headers are damaged")
        self._sections = sections, section_count if section_size == _SECTION.size else 0
        headers = tuple(_SEGMENT.iter_unpack(self._at(segments, segment_size * segment_count)))
        self._loads = tuple(header[1:] for header in headers if header[0] == _LOAD)
        self._window = 0, b""
        self._read_dynamic(next((header for header in headers if header[0] == _DYNAMIC), None))

    def _read_dynamic(self, header: tuple[int, ...] | None) -> None:
        if header is None:
            raise UnreadableError("it has no dynamic section")
        _, offset, _, size = header
        entries = []
        for tag, value in _ENTRY.iter_unpack(self._at(offset, size - size % _ENTRY.size)):
            if tag == 0:
                break
            entries.append((tag, value))
        tables = dict(entries)
        if _STRINGS not in tables or _SYMBOLS not in tables:
            raise UnreadableError("its dynamic section is damaged")
        self._strings, self._strings_size = self._place(tables[_STRINGS]), tables.get(_STRINGS_SIZE, 0)
        self._symbols = self._place(tables[_SYMBOLS])
        self._gnu_hash = self._read_gnu_hash(self._place(at)) if (at := tables.get(_GNU_HASH_TABLE)) else None
        self._hash = self._place(at) if (at := tables.get(_HASH_TABLE)) else None
        self._relocations = self._read_relocations(tables)
        self.libraries = tuple(_text(self._string(value)) for tag, value in entries if tag == _NEEDED)
        paths = (_text(self._string(value)) for tag, value in entries if tag in {_RPATH, _RUNPATH})
        self.search_path = tuple(folder for path in paths for folder in path.split(":") if folder)

    def _read_relocations(self, tables: dict[int, int]) -> tuple[tuple[int, int], ...]:
        """Return the address and size of what the loader works through; it begins with what names no symbol."""
        relative = tables.get(_RELATIVE_COUNT, 0) * _RELOCATION.size
        return (
            (tables.get(_RELOCATIONS, 0) + relative, tables.get(_RELOCATIONS_SIZE, 0) - relative),
            (tables.get(_CALLS, 0), tables.get(_CALLS_SIZE, 0)),
        )

    def _read_gnu_hash(self, place: int) -> _GnuHash:
        buckets, first, words, shift = _GNU_HASH.unpack(self._at(place, _GNU_HASH.size))
        table = _GnuHash(buckets, first, words, shift, filter_at=place + _GNU_HASH.size)
        if not table.buckets or not table.words:
            raise UnreadableError("its hash table is damaged")
        return table

    def needed(self) -> Iterator[bytes]:
        """Yield the symbols that other objects must define; weak ones, which may be missing, are left out."""
        step = _WINDOW // _SYMBOL.size
        count = self._unhashed()
        if count > _MOST_SYMBOLS:
            raise UnreadableError(f"it would have {count} symbols")
        if self._strings_size <= _SMALL:
            self._window = 0, self._at(self._strings, self._strings_size)
        for start in range(0, count, step):
            place = self._symbols + start * _SYMBOL.size
            for name, info, section in _SYMBOL.iter_unpack(self._at(place, min(step, count - start) * _SYMBOL.size)):
                if section == 0 and name and info >> 4 != _WEAK:
                    yield self._string(name)

    def as_loaded(self, names: Collection[bytes]) -> tuple[bytes, ...]:
        """Return these needed symbols in the order in which the loader seeks them: it reports the first it misses."""
        count = self._unhashed()
        indices = dict.fromkeys(index for index in self._relocated() if index < count)
        sought = dict.fromkeys(self._string(self._symbol(index)[0]) for index in indices if index)
        return (*(name for name in sought if name in names), *(name for name in names if name not in sought))

    def _relocated(self) -> Iterator[int]:
        """Yield the indices of the symbols that the loader puts into their places, in its order."""
        step = _PIECE // _RELOCATION.size * _RELOCATION.size
        for address, size in self._relocations:
            whole = size - size % _RELOCATION.size
            for start in range(0, whole, step):
                block = self._at(self._place(address + start), min(step, whole - start))
                yield from (index for (index,) in _RELOCATION.iter_unpack(block))

    def offers(self, name: bytes) -> bool:
        """Say whether this object defines a symbol."""
        return any(self._defines(index, name) for index in self._candidates(name))

    def _candidates(self, name: bytes) -> Iterator[int]:
        """Yield the indices of the symbols among which this one is, if it is defined."""
        if self._gnu_hash:
            return self._in_gnu_hash(self._gnu_hash, gnu_hash(name))
        if self._hash is None:
            raise UnreadableError("it has no hash table")
        return self._in_hash(self._hash, elf_hash(name))

    def _in_gnu_hash(self, table: _GnuHash, value: int) -> Iterator[int]:
        (word,) = _LONG.unpack(self._at(table.filter_at + value // 64 % table.words * 8, 8))
        if not (word >> value % 64 & word >> (value >> table.shift % 32) % 64 & 1):
            return
        (index,) = _WORD.unpack(self._at(table.buckets_at + value % table.buckets * 4, 4))
        if index < table.first:
            return
        for step in range(index, index + _LONGEST_CHAIN):
            (other,) = _WORD.unpack(self._at(table.chains_at + (step - table.first) * 4, 4))
            if other | 1 == value | 1:
                yield step
            if other & 1:
                return
        raise UnreadableError("its hash table has no end")

    def _in_hash(self, place: int, value: int) -> Iterator[int]:
        buckets, _ = _HASH.unpack(self._at(place, _HASH.size))
        if not buckets:
            raise UnreadableError("its hash table is damaged")
        chains_at = place + _HASH.size + 4 * buckets
        (index,) = _WORD.unpack(self._at(place + _HASH.size + value % buckets * 4, 4))
        for _ in range(_LONGEST_CHAIN):
            if index == 0:
                return
            yield index
            (index,) = _WORD.unpack(self._at(chains_at + 4 * index, 4))
        raise UnreadableError("its hash table has no end")

    def _defines(self, index: int, name: bytes) -> bool:
        start, _, section = self._symbol(index)
        return section != 0 and self._at(self._strings + start, len(name) + 1) == name + b"\0"

    def _symbol(self, index: int) -> tuple[int, int, int]:
        start, info, section = _SYMBOL.unpack(self._at(self._symbols + index * _SYMBOL.size, _SYMBOL.size))
        return start, info, section

    def _unhashed(self) -> int:
        """Return how many symbols come before those of the GNU hash table: there are all that it needs.

        The table of an object that defines nothing says nothing about those; without one, all symbols count.
        """
        table = self._gnu_hash
        if table and (table.buckets > 1 or self._at(table.buckets_at, 4) != b"\0\0\0\0"):
            return table.first
        if self._hash is not None:
            count: int = _HASH.unpack(self._at(self._hash, _HASH.size))[1]
            return count
        place, number = self._sections
        for kind, size in _SECTION.iter_unpack(self._at(place, number * _SECTION.size)):
            if kind == _SYMBOL_SECTION:
                return int(size) // _SYMBOL.size
        raise UnreadableError("it does not tell how many symbols it has")

    def _string(self, offset: int) -> bytes:
        """Return a name; those of neighbouring symbols mostly lie together, so a window of the table is kept."""
        start, window = self._window
        end = window.find(b"\0", offset - start) if offset >= start else -1
        return window[offset - start : end] if end >= 0 else self._string_beyond(offset)

    def _string_beyond(self, offset: int) -> bytes:
        """Return a name outside the window, and move the window there."""
        room = self._strings_size - offset
        if room <= 0:
            raise UnreadableError("a name is outside its table of names")
        for size in (_WINDOW, _PIECE):
            window = self._at(self._strings + offset, min(size, room))
            name, end, _ = window.partition(b"\0")
            if end:
                self._window = offset, window
                return name
        raise UnreadableError("a name has no end")

    def _place(self, address: int) -> int:
        """Return where in the file a virtual address is."""
        for offset, start, size in self._loads:
            if start <= address < start + size:
                return int(offset + address - start)
        raise UnreadableError("a table is outside the file")

    def _at(self, offset: int, size: int) -> bytes:
        if offset > _LARGEST or size > _PIECE:
            raise UnreadableError("a table is outside the file")
        data = self._read(offset, size)
        if len(data) != size:
            raise UnreadableError("it is cut short")
        return data


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


def _text(name: bytes) -> str:
    return name.decode("ascii", "backslashreplace")
