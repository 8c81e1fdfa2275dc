"""Files that are no shared objects, or damaged ones."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from tests.elf_image import RISCV, reader, shared_object
from verl_doctor.facts.elf import ElfFile, UnreadableError
from verl_doctor.host import LocalHost


def opened(image: bytes) -> ElfFile:
    return ElfFile(reader(image))


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


def test_things_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.so")
    for path in (tmp_path / "pipe.so", tmp_path):
        with LocalHost().opened(path) as read, pytest.raises(OSError, match=r"seek|directory"):
            ElfFile(read)
