"""A shared object as the dynamic loader sees it: its dynamic section, and the bytes and names that it points to.

Only pieces are read, at their places. The format: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from verl_doctor.host import ReadAt

MACHINES: Final = {62: "x86-64", 183: "AArch64"}

_HEADER: Final = Struct("<4sBB10xHH12xQQ6xHHHHH")
_SEGMENT: Final = Struct("<I4xQQ8xQ16x")
_SECTION: Final = Struct("<4xI24xQ24x")
_ENTRY: Final = Struct("<qQ")

_SHARED, _LOAD, _DYNAMIC = 3, 1, 2
_NEEDED, _STRINGS, _STRINGS_SIZE, _RPATH, _RUNPATH = 1, 5, 10, 15, 29

PIECE: Final = 2**20
"""The most that is read at once, and the longest name."""
_WINDOW: Final = 2**12
_SMALL: Final = 2**18
"""A table of names up to this size is read whole where many are asked for; in a larger one a window moves."""
_LARGEST: Final = 2**62


class UnreadableError(Exception):
    """The file is no shared object that can be read here; the message says why."""


class CutShortError(UnreadableError):
    """The file ends before what it says to hold."""


def exact(read: ReadAt) -> ReadAt:
    """Return a way to read as many bytes as are asked for, or none."""

    def at(offset: int, size: int) -> bytes:
        if offset > _LARGEST or size > PIECE:
            raise UnreadableError("a table is outside the file")
        data = read(offset, size)
        if len(data) != size:
            raise CutShortError("it is cut short")
        return data

    return at


class ElfFile:
    """A shared object for a 64-bit little-endian machine. Every method raises UnreadableError for a damaged one.

    `at` reads bytes of the file; `tags` is its dynamic section, `libraries` those it needs, `search_path` where it
    seeks them first.
    """

    def __init__(self, read: ReadAt) -> None:
        self.at = exact(read)
        magic, bits, order, kind, machine, segments, sections, *sizes = _HEADER.unpack(self.at(0, _HEADER.size))
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
        headers = tuple(_SEGMENT.iter_unpack(self.at(segments, segment_size * segment_count)))
        self._loads = tuple(header[1:] for header in headers if header[0] == _LOAD)
        entries = self._dynamic(next((header for header in headers if header[0] == _DYNAMIC), None))
        self.tags = dict(entries)
        if _STRINGS not in self.tags:
            raise UnreadableError("its dynamic section is damaged")
        self._strings, self._strings_size = self.place(self.tags[_STRINGS]), self.tags.get(_STRINGS_SIZE, 0)
        self._window = 0, b""
        self.libraries = tuple(self.text(value) for tag, value in entries if tag == _NEEDED)
        paths = (self.text(value) for tag, value in entries if tag in {_RPATH, _RUNPATH})
        self.search_path = tuple(folder for path in paths for folder in path.split(":") if folder)

    @property
    def loaded_size(self) -> int:
        """How long the file must be for all that the loader maps of it."""
        return max((offset + size for offset, _, size in self._loads), default=0)

    def _dynamic(self, header: tuple[int, ...] | None) -> list[tuple[int, int]]:
        if header is None:
            raise UnreadableError("it has no dynamic section")
        _, offset, _, size = header
        entries = []
        for tag, value in _ENTRY.iter_unpack(self.at(offset, size - size % _ENTRY.size)):
            if tag == 0:
                break
            entries.append((tag, value))
        return entries

    def place(self, address: int) -> int:
        """Return where in the file a virtual address is."""
        for offset, start, size in self._loads:
            if start <= address < start + size:
                return int(offset + address - start)
        raise UnreadableError("a table is outside the file")

    def table(self, tag: int) -> int | None:
        """Return where in the file a table is that the dynamic section names; None where it names none."""
        address = self.tags.get(tag)
        return self.place(address) if address else None

    def section_size(self, kind: int) -> int | None:
        """Return the size of the first section of a kind; a file may have lost its list of sections."""
        place, number = self._sections
        return next((n for k, n in _SECTION.iter_unpack(self.at(place, number * _SECTION.size)) if k == kind), None)

    def text(self, offset: int) -> str:
        """Return a name as text."""
        return self.string(offset).decode("ascii", "backslashreplace")

    def string(self, offset: int) -> bytes:
        """Return a name; those of neighbouring symbols mostly lie together, so a window of the table is kept."""
        start, window = self._window
        end = window.find(b"\0", offset - start) if offset >= start else -1
        return window[offset - start : end] if end >= 0 else self._string_beyond(offset)

    def _string_beyond(self, offset: int) -> bytes:
        """Return a name outside the window, and move the window there."""
        room = self._strings_size - offset
        if room <= 0:
            raise UnreadableError("a name is outside its table of names")
        for size in (_WINDOW, PIECE):
            window = self.at(self._strings + offset, min(size, room))
            name, end, _ = window.partition(b"\0")
            if end:
                self._window = offset, window
                return name
        raise UnreadableError("a name has no end")

    def widen_window(self) -> None:
        """Keep the whole table of names, if it is a small one: many are going to be asked for."""
        if self._strings_size <= _SMALL:
            self._window = 0, self.at(self._strings, self._strings_size)

    def is_string(self, offset: int, name: bytes) -> bool:
        """Say whether a name is this one."""
        return self.at(self._strings + offset, len(name) + 1) == name + b"\0"
