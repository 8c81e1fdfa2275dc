"""The hash tables of shared objects."""

from __future__ import annotations

import struct

import pytest

from tests.elf_image import reader, shared_object
from verl_doctor.facts.elf import UnreadableError
from verl_doctor.facts.hash_tables import elf_hash, gnu_hash
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
