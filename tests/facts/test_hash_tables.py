"""The hash tables of shared objects."""

from __future__ import annotations

import struct

import pytest

from tests.elf_image import reader, shared_object
from verl_doctor.facts.elf import UnreadableError
from verl_doctor.facts.hash_tables import GnuTable, elf_hash, gnu_hash
from verl_doctor.facts.symbols import SharedObject


def test_hashes() -> None:
    assert (gnu_hash(b""), gnu_hash(b"printf"), gnu_hash(b"syscall")) == (5381, 0x156B2BB8, 0xBAC212A0)
    assert (elf_hash(b""), elf_hash(b"printf"), elf_hash(b"jdfgsdhfsdfsd 6445dsfsd7fg/*/+bfjsdgf%$^")) == (
        0,
        0x077905A6,
        248446350,
    )


def test_a_chain_without_end_ends() -> None:
    image = bytearray(shared_object(offers=("one",), hashed="sysv"))
    buckets = struct.pack("<IIIII", 1, 2, 1, 0, 0)
    at = bytes(image).index(buckets)
    struct.pack_into("<IIIII", image, at, 1, 2, 1, 0, 1)  # the only symbol follows itself
    with pytest.raises(UnreadableError, match="no end"):
        SharedObject(reader(bytes(image))).offers(b"absent")


GNU_TABLE = struct.pack("<IIII", 1, 1, 2, 6)  # of an object that offers one symbol: buckets, first, words, shift


def changed(old: bytes, new: bytes, image: bytes) -> SharedObject:
    assert image.count(old) == 1
    return SharedObject(reader(image.replace(old, new)))


def test_a_gnu_chain_without_end_ends() -> None:
    data = struct.pack("<IIIIQI", 1, 1, 1, 0, 2**64 - 1, 1) + bytes(4 * 5000)
    with pytest.raises(UnreadableError, match="no end"):
        list(GnuTable(reader(data), 0).candidates(b"one"))


@pytest.mark.parametrize("numbers", [(0, 1, 2, 6), (1, 1, 0, 6)])
def test_a_gnu_table_without_buckets_or_filter(numbers: tuple[int, ...]) -> None:
    with pytest.raises(UnreadableError, match="hash table is damaged"):
        changed(GNU_TABLE, struct.pack("<IIII", *numbers), shared_object(offers=("one",)))


def test_a_system_v_table_without_buckets() -> None:
    image = shared_object(offers=("one",), hashed="sysv")
    with pytest.raises(UnreadableError, match="hash table is damaged"):
        changed(struct.pack("<IIIII", 1, 2, 1, 0, 0), bytes(20), image)
