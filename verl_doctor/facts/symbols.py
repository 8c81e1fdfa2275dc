"""The symbols that a shared object needs from others, and those that it offers."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from struct import Struct
from typing import Final

from verl_doctor.facts.elf import PIECE, ElfFile, UnreadableError
from verl_doctor.facts.hash_tables import tables
from verl_doctor.host import ReadAt

_SYMBOL: Final = Struct("<IBxH16x")
_RELOCATION: Final = Struct("<12xI8x")

_SYMBOL_SECTION, _WEAK = 11, 2
_SYMBOLS, _RELATIVE_COUNT = 6, 0x6FFFFFF9
_RELOCATIONS, _RELOCATIONS_SIZE, _CALLS, _CALLS_SIZE = 7, 8, 23, 2

_AT_ONCE: Final = 170
_MOST_SYMBOLS: Final = 2**20


class SharedObject(ElfFile):
    """A shared object with its symbols. Every method raises UnreadableError for a damaged one."""

    def __init__(self, read: ReadAt) -> None:
        super().__init__(read)
        place = self.table(_SYMBOLS)
        if place is None:
            raise UnreadableError("its dynamic section is damaged")
        self._symbols = place
        self._gnu, self._sysv = tables(self)

    def needed(self) -> Iterator[bytes]:
        """Yield the symbols that other objects must define; weak ones, which may be missing, are left out."""
        self.widen_window()
        count = self._undefined()
        for start in range(0, count, _AT_ONCE):
            size = min(_AT_ONCE, count - start) * _SYMBOL.size
            for name, info, section in _SYMBOL.iter_unpack(self.at(self._symbols + start * _SYMBOL.size, size)):
                if section == 0 and name and info >> 4 != _WEAK:
                    yield self.string(name)

    def as_loaded(self, names: Collection[bytes]) -> tuple[bytes, ...]:
        """Return these needed symbols in the order in which the loader seeks them: it reports the first it misses."""
        count = self._undefined()
        indices = dict.fromkeys(index for index in self._relocated() if index < count)
        sought = dict.fromkeys(self.string(self._symbol(index)[0]) for index in indices if index)
        return (*(name for name in sought if name in names), *(name for name in names if name not in sought))

    def offers(self, name: bytes) -> bool:
        """Say whether this object defines a symbol."""
        table = self._gnu or self._sysv
        if table is None:
            raise UnreadableError("it has no hash table")
        return any(self._defines(index, name) for index in table.candidates(name))

    def _defines(self, index: int, name: bytes) -> bool:
        start, section = self._symbol(index)
        return section != 0 and self.is_string(start, name)

    def _symbol(self, index: int) -> tuple[int, int]:
        """Return where a symbol's name is, and the section that defines it, 0 for none."""
        start, _, section = _SYMBOL.unpack(self.at(self._symbols + index * _SYMBOL.size, _SYMBOL.size))
        return start, section

    def _undefined(self) -> int:
        """Return how many symbols there are before those of the GNU hash table; without one, how many in all."""
        count = self._gnu.first if self._gnu and not self._gnu.is_empty else self._all()
        if count > _MOST_SYMBOLS:
            raise UnreadableError(f"it would have {count} symbols")
        return count

    def _all(self) -> int:
        if self._sysv:
            return self._sysv.count
        size = self.section_size(_SYMBOL_SECTION)
        if size is None:
            raise UnreadableError("it does not tell how many symbols it has")
        return size // _SYMBOL.size

    def _relocated(self) -> Iterator[int]:
        """Yield the indices of the symbols that the loader puts into their places, in its order."""
        relative = self.tags.get(_RELATIVE_COUNT, 0) * _RELOCATION.size  # the first ones name no symbol
        yield from self._in_table(_RELOCATIONS, _RELOCATIONS_SIZE, relative)
        yield from self._in_table(_CALLS, _CALLS_SIZE, 0)

    def _in_table(self, table: int, size: int, skipped: int) -> Iterator[int]:
        end = self.tags.get(size, 0) // _RELOCATION.size * _RELOCATION.size
        step = PIECE // _RELOCATION.size * _RELOCATION.size
        for start in range(skipped, end, step):
            block = self.at(self.place(self.tags.get(table, 0) + start), min(step, end - start))
            yield from (index for (index,) in _RELOCATION.iter_unpack(block))
