"""Small shared objects made of values, as a linker would write their dynamic part."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from verl_doctor.facts.hash_tables import elf_hash, gnu_hash

X86_64, AARCH64, RISCV = 62, 183, 243
_HEADER, _SEGMENT = 64, 56


def shared_object(  # noqa: PLR0913 - what a linker may write
    *,
    needs: Sequence[str] = (),
    offers: Sequence[str] = (),
    libraries: Sequence[str] = (),
    runpath: str | None = None,
    weak: Sequence[str] = (),
    hashed: Literal["gnu", "sysv", "none"] = "gnu",
    relocations: Sequence[str] = (),
    versions: Mapping[str, Sequence[str]] | None = None,
    defines: Sequence[str] = (),
    machine: int = X86_64,
    kind: int = 3,
    sections: bool = True,
) -> bytes:
    """An ELF file that needs and offers these symbols. `weak` ones are needed weakly, `relocations` in that order.

    `versions` are those needed of each library, `defines` its own.
    """
    buckets = max(1, len(offers) // 2)
    defined = sorted(offers, key=lambda name: gnu_hash(name.encode()) % buckets)
    names = ["", *needs, *weak, *defined]
    undefined = len(names) - len(defined)
    strings = _Strings()
    symbols = b"".join(
        struct.pack(
            "<IBBHQQ",
            strings.add(name) if name else 0,
            ((2 if name in weak else 1) << 4 | 2) if name else 0,
            0,
            12 if index >= undefined else 0,
            0x1000 * (index >= undefined),
            0,
        )
        for index, name in enumerate(names)
    )
    tags = [(1, strings.add(name)) for name in libraries]
    if runpath is not None:
        tags.append((29, strings.add(runpath)))
    table = {"gnu": _gnu, "sysv": _sysv, "none": _no_table}[hashed](names, undefined, buckets)
    parts: list[bytes] = [bytes(_HEADER + 2 * _SEGMENT)]

    def place(data: bytes) -> int:
        position = sum(map(len, parts))
        parts.append(data + bytes(-len(data) % 8))
        return position

    versions_at, definitions_at = place(_versions(versions or {}, strings)), place(_definitions(defines, strings))
    tags += [(5, place(bytes(strings.data))), (10, len(strings.data)), (6, place(symbols)), (11, 24)]
    if table:
        tags.append(({"gnu": 0x6FFFFEF5, "sysv": 4}[hashed], place(table)))
    if versions:
        tags += [(0x6FFFFFFE, versions_at), (0x6FFFFFFF, len(versions))]
    if defines:
        tags += [(0x6FFFFFFC, definitions_at), (0x6FFFFFFD, len(defines))]
    if relocations:  # one without a symbol, half of the others as data, half as calls
        infos = [8, *(names.index(name) << 32 | 7 for name in relocations)]
        data, calls = infos[: len(infos) // 2 + 1], infos[len(infos) // 2 + 1 :]
        tags += [(7, place(_relocations(data))), (8, 24 * len(data)), (0x6FFFFFF9, 1)]
        tags += [(23, place(_relocations(calls))), (2, 24 * len(calls))]
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in [*tags, (0, 0)])
    dynamic_at = place(dynamic)
    sections_at = place(struct.pack("<IIQQQQIIQQ", 0, 11, 0, 0, 0, len(symbols), 0, 0, 8, 24)) if sections else 0
    size = sum(map(len, parts))
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01" + bytes(9), kind, machine, 1, 0, _HEADER,
                         sections_at, 0, _HEADER, _SEGMENT, 2, 64, int(sections), 0)  # fmt: skip
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0x400000, 0x400000, size, size, 0x1000)
    section = struct.pack("<IIQQQQQQ", 2, 4, dynamic_at, 0, 0, len(dynamic), len(dynamic), 8)
    return _moved(header + load + section + b"".join(parts)[_HEADER + 2 * _SEGMENT :], dynamic_at)


def reader(image: bytes) -> Callable[[int, int], bytes]:
    """Read pieces of an image, as a host does."""
    return lambda offset, size: image[offset : offset + size]


def _versions(libraries: Mapping[str, Sequence[str]], strings: _Strings) -> bytes:
    """The table of needed versions; a name that ends with "?" is a weak one."""
    data = b""
    for library, names in libraries.items():
        rows = [
            struct.pack("<IHHII", 0, 2 * name.endswith("?"), 2, strings.add(name.rstrip("?")), 16 * (name != names[-1]))
            for name in names
        ]
        is_last = library == list(libraries)[-1]
        step = 0 if is_last else 16 + 16 * len(names)
        data += struct.pack("<HHIII", 1, len(names), strings.add(library), 16, step) + b"".join(rows)
    return data


def _definitions(names: Sequence[str], strings: _Strings) -> bytes:
    return b"".join(
        struct.pack("<HHHHIII", 1, 0, 1, 1, 0, 20, 28 * (name != names[-1])) + struct.pack("<II", strings.add(name), 0)
        for name in names
    )


def _relocations(infos: Sequence[int]) -> bytes:
    return b"".join(struct.pack("<QQq", 0, info, 0) for info in infos)


class _Strings:
    def __init__(self) -> None:
        self.data = bytearray(b"\0")

    def add(self, name: str) -> int:
        position = len(self.data)
        self.data += name.encode() + b"\0"
        return position


def _moved(image: bytes, dynamic_at: int) -> bytes:
    """Turn the places of tables into addresses: the file is mapped somewhere else than at 0."""
    data = bytearray(image)
    at = dynamic_at
    while (tag := struct.unpack_from("<qQ", data, at))[0]:
        if tag[0] in {4, 5, 6, 7, 23, 0x6FFFFEF5, 0x6FFFFFFC, 0x6FFFFFFE}:
            struct.pack_into("<Q", data, at + 8, tag[1] + 0x400000)
        at += 16
    return bytes(data)


def _gnu(names: Sequence[str], first: int, buckets: int) -> bytes:
    hashes = [gnu_hash(name.encode()) for name in names[first:]]
    shift, words = 6, 2
    if not hashes:  # what GNU ld writes for an object that defines nothing
        return struct.pack("<IIII", 1, 1, 1, 0) + bytes(8 + 4)
    bloom = [0] * words
    for value in hashes:
        bloom[value // 64 % words] |= 1 << value % 64 | 1 << (value >> shift) % 64
    starts = [0] * buckets
    chain = []
    for index, value in enumerate(hashes):
        starts[value % buckets] = starts[value % buckets] or first + index
        is_last = index + 1 == len(hashes) or hashes[index + 1] % buckets != value % buckets
        chain.append(value & ~1 | is_last)
    return (
        struct.pack("<IIII", buckets, first, words, shift)
        + struct.pack(f"<{words}Q", *bloom)
        + struct.pack(f"<{buckets}I", *starts)
        + struct.pack(f"<{len(chain)}I", *chain)
    )


def _sysv(names: Sequence[str], first: int, buckets: int) -> bytes:
    del first
    starts, chain = [0] * buckets, [0] * len(names)
    for index, name in enumerate(names):
        if name:
            bucket = elf_hash(name.encode()) % buckets
            starts[bucket], chain[index] = index, starts[bucket]
    return struct.pack(f"<II{buckets}I{len(names)}I", buckets, len(names), *starts, *chain)


def _no_table(names: Sequence[str], first: int, buckets: int) -> bytes:
    del names, first, buckets
    return b""
