"""Symbols of shared objects: made ones, the interpreter's own, and damaged ones."""

from __future__ import annotations

import gc
import shutil
import struct
import subprocess
import sysconfig
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.elf_image import reader, shared_object
from verl_doctor.facts.elf import UnreadableError
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


def test_nothing_is_kept_once_it_was_read() -> None:
    shared = opened(IMAGES[0])
    list(shared.needed())
    gone = weakref.ref(shared)
    gc.disable()  # as the program does
    try:
        del shared
        assert gone() is None
    finally:
        gc.enable()


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
