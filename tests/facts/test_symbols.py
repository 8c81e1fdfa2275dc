"""The reader of shared objects: made ones, the interpreter's own, and damaged ones."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sysconfig
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.elf_image import RISCV, reader, shared_object
from verl_doctor.facts.elf import UnreadableError
from verl_doctor.facts.hash_tables import elf_hash, gnu_hash
from verl_doctor.facts.symbols import SharedObject
from verl_doctor.host import LocalHost

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
NAMES = tuple(f"_ZN5torch{len(word)}{word}Ev" for word in WORDS)


def opened(image: bytes) -> SharedObject:
    return SharedObject(reader(image))


@pytest.mark.parametrize("hashed", ["gnu", "sysv"])
def test_needed_and_offered(hashed: Any) -> None:
    shared = opened(
        shared_object(
            needs=("first", "second"),
            weak=("maybe",),
            offers=NAMES,
            libraries=("libtorch.so", "libc.so.6"),
            runpath="$ORIGIN:/opt/lib",
            hashed=hashed,
        )
    )
    assert tuple(shared.needed()) == (b"first", b"second")
    assert all(shared.offers(name.encode()) for name in NAMES)
    assert not any(shared.offers(name) for name in (b"first", b"maybe", b"absent", b"", b"_ZN5torch5alphaE"))
    assert shared.libraries == ("libtorch.so", "libc.so.6")
    assert shared.search_path == ("$ORIGIN", "/opt/lib")
    assert shared.machine == "x86-64"


@pytest.mark.parametrize("hashed", ["gnu", "sysv", "none"])
def test_an_object_that_offers_nothing(hashed: Any) -> None:
    shared = opened(shared_object(needs=("first", "second"), hashed=hashed))
    assert tuple(shared.needed()) == (b"first", b"second")


def test_symbols_are_ordered_as_the_loader_seeks_them() -> None:
    needs = ("one", "two", "three", "four", "five")
    shared = opened(shared_object(needs=needs, offers=NAMES, relocations=("four", NAMES[0], "two", "four", "one")))
    assert shared.as_loaded((b"one", b"two", b"four", b"five")) == (b"four", b"two", b"one", b"five")
    assert opened(shared_object(needs=needs)).as_loaded((b"one", b"two")) == (b"one", b"two")


def test_neither_hash_table_nor_sections() -> None:
    shared = opened(shared_object(needs=("first",), hashed="none", sections=False))
    with pytest.raises(UnreadableError, match="how many symbols"):
        list(shared.needed())
    with pytest.raises(UnreadableError, match="no hash table"):
        shared.offers(b"first")


def test_many_symbols_and_long_names() -> None:
    long = [f"{number:05d}{'x' * 9000}" for number in range(60)]
    shared = opened(shared_object(needs=long, offers=NAMES))
    assert [name.decode() for name in shared.needed()] == long
    assert shared.offers(NAMES[0].encode())


def test_hashes() -> None:
    assert (gnu_hash(b""), gnu_hash(b"printf"), gnu_hash(b"syscall")) == (5381, 0x156B2BB8, 0xBAC212A0)
    assert (elf_hash(b""), elf_hash(b"printf"), elf_hash(b"jdfgsdhfsdfsd 6445dsfsd7fg/*/+bfjsdgf%$^")) == (
        0,
        0x077905A6,
        248446350,
    )


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        pytest.param(b"", "cut short", id="empty"),
        pytest.param(b"\x7fELF", "cut short", id="four-bytes"),
        pytest.param(b"INPUT(-lm) /* a linker script that is long enough to hold a header */", "not an ELF", id="text"),
        pytest.param(b"\x7fELF\x01\x01" + bytes(90), "32-bit", id="32-bit"),
        pytest.param(b"\x7fELF\x02\x02" + bytes(90), "big-endian", id="big-endian"),
        pytest.param(shared_object(kind=2), "not a shared object", id="program"),
        pytest.param(shared_object(machine=RISCV), "another processor", id="machine"),
        pytest.param(shared_object()[:100], "cut short", id="truncated"),
        pytest.param(bytes(200), "not an ELF", id="zeros"),
    ],
)
def test_what_cannot_be_read(image: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        opened(image)


def test_no_dynamic_section() -> None:
    image = bytearray(shared_object())
    struct.pack_into("<I", image, 64 + 56, 4)  # the second segment becomes a note
    with pytest.raises(UnreadableError, match="no dynamic section"):
        opened(bytes(image))


IMAGES = tuple(
    shared_object(
        needs=("need",),
        weak=("may",),
        offers=NAMES,
        libraries=("libc.so.6",),
        runpath="/a",
        relocations=("need", "may"),
        hashed=hashed,
    )
    for hashed in ("gnu", "sysv")
)


def look_at_everything(image: bytes) -> None:
    with suppress(UnreadableError):
        shared = opened(image)
        shared.as_loaded(list(shared.needed()))
        for name in (*NAMES, "absent"):
            shared.offers(name.encode())


@settings(max_examples=400, deadline=None)
@given(
    image=st.sampled_from(IMAGES),
    changes=st.lists(st.tuples(st.integers(0, len(IMAGES[0]) - 1), st.integers(0, 255)), max_size=8),
    kept=st.integers(0, 2000),
)
def test_damage_is_told_and_ends(image: bytes, changes: list[tuple[int, int]], kept: int) -> None:
    data = bytearray(image)
    for place, value in changes:
        data[place % len(data)] = value
    look_at_everything(bytes(data[:kept]))


@settings(max_examples=200, deadline=None)
@given(image=st.sampled_from(IMAGES), at=st.integers(0, 400), value=st.integers(0, 2**64 - 1))
def test_absurd_numbers_are_told_and_end(image: bytes, at: int, value: int) -> None:
    data = bytearray(image)
    struct.pack_into("<Q", data, min(at * 8, len(data) - 8) // 8 * 8, value)
    look_at_everything(bytes(data))


def test_a_chain_without_end_ends() -> None:
    names = NAMES[:1]
    image = bytearray(shared_object(offers=names, hashed="sysv"))
    buckets = struct.pack("<IIIII", 1, 2, 1, 0, 0)
    at = bytes(image).index(buckets)
    struct.pack_into("<IIIII", image, at, 1, 2, 1, 0, 1)  # the only symbol follows itself
    with pytest.raises(UnreadableError, match="no end"):
        opened(bytes(image)).offers(b"absent")


OWN = list(Path(sysconfig.get_path("stdlib"), "lib-dynload").glob("*.so"))[:12]


@pytest.mark.skipif(not OWN, reason="this interpreter has its modules built in")
@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name.partition(".")[0])
def test_the_interpreters_own_modules(path: Path) -> None:
    with LocalHost().opened(path) as read:
        shared = SharedObject(read)
        needed = tuple(name.decode() for name in shared.needed())
        assert shared.offers(f"PyInit_{path.name.partition('.')[0]}".encode())
        assert not any(shared.offers(name.encode()) for name in needed)
    if nm := shutil.which("nm"):
        told = subprocess.run([nm, "-D", "--undefined-only", path], capture_output=True, text=True, check=True).stdout
        lines = [line.split() for line in told.splitlines()]
        assert set(needed) == {line[1].partition("@")[0] for line in lines if line[0] == "U"}


def test_a_file_that_is_being_replaced(tmp_path: Path) -> None:
    file = tmp_path / "x.so"
    file.write_bytes(shared_object(needs=("a",), offers=NAMES))
    with LocalHost().opened(file) as read:
        shared = SharedObject(read)
        file.write_bytes(b"")
        with pytest.raises(UnreadableError, match="cut short"):
            shared.offers(NAMES[0].encode())


def test_things_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.so")
    for path in (tmp_path / "pipe.so", tmp_path):
        with LocalHost().opened(path) as read, pytest.raises(OSError, match=r"seek|directory"):
            SharedObject(read)
