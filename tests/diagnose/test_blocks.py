"""Blocks of whole lines."""

from __future__ import annotations

import pytest

from verl_doctor.diagnose.blocks import LONGEST, Block, blocks


def test_lines_stay_whole() -> None:
    assert list(blocks([b"a\nb", b"c\nd"])) == [
        Block(data=b"a\n", first=1),
        Block(data=b"bc\n", first=2),
        Block(data=b"d", first=3),
    ]


def test_a_carriage_return_ends_a_line_and_counts_for_none() -> None:
    assert list(blocks([b"1%\r2%\r", b"3%\nx\n"])) == [
        Block(data=b"1%\r2%\r", first=1),
        Block(data=b"3%\nx\n", first=1),
    ]


def test_nothing_for_now() -> None:
    assert list(blocks([b"a", b"", b"b\n"])) == [Block(data=b"", first=1), Block(data=b"ab\n", first=1)]


def test_a_line_without_end_is_cut() -> None:
    chunk = b"x" * (LONGEST // 4 + 1)
    assert [len(block.data) for block in blocks([chunk] * 5)] == [len(chunk) * 4, len(chunk)]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16(encoding: str) -> None:
    raw = "\ufeffé\nb\n".encode(encoding)
    assert b"".join(block.data for block in blocks([raw[:3], raw[3:]])).decode() == "\ufeffé\nb\n"
