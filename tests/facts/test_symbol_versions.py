"""Versions of symbols, needed and defined."""

from __future__ import annotations

import struct
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.elf_image import reader, shared_object
from verl_doctor.facts.elf import ElfFile, UnreadableError
from verl_doctor.facts.symbol_versions import defined, needed

VERSIONS = {"libc.so.6": ("GLIBC_2.17", "GLIBC_2.34", "GLIBC_2.99?"), "libstdc++.so.6": ("GLIBCXX_3.4.32",)}
IMAGE = shared_object(versions=VERSIONS, defines=("MINE_1", "MINE_2"))


def test_needed_and_defined() -> None:
    file = ElfFile(reader(IMAGE))
    assert list(needed(file)) == [
        ("libc.so.6", "GLIBC_2.17"),
        ("libc.so.6", "GLIBC_2.34"),
        ("libstdc++.so.6", "GLIBCXX_3.4.32"),
    ]
    assert list(defined(file)) == ["MINE_1", "MINE_2"]


def test_none() -> None:
    file = ElfFile(reader(shared_object()))
    assert (list(needed(file)), list(defined(file))) == ([], [])


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(IMAGE) - 8), value=st.integers(0, 2**64 - 1))
def test_damage_is_told_and_ends(at: int, value: int) -> None:
    image = bytearray(IMAGE)
    struct.pack_into("<Q", image, at, value)
    with suppress(UnreadableError):
        file = ElfFile(reader(bytes(image)))
        list(needed(file))
        list(defined(file))
