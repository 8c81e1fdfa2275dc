"""Blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from verl_doctor.diagnose.blocks import LONGEST, Block, Sign, blocks


def test_lines_stay_whole() -> None:
    assert list(blocks([b"a\nb", b"c\nd"])) == [
        Block(data=b"a\n", first=1),
        Block(data=b"bc\n", first=2),
        Block(data=b"d", first=3),
    ]


def test_a_carriage_return_ends_a_line_and_counts_for_none() -> None:
    assert list(blocks([b"1%\r2%\r", b"3%\nx\n"])) == [
        Block(data=b"1%\r", first=1),
        Block(data=b"2%\r3%\nx\n", first=1),
    ]


def test_signs_come_after_all_that_was_before_them() -> None:
    assert list(blocks([b"a\nb", Sign.QUIET, b"c\n", Sign.ANEW, b"d\n"])) == [
        Block(data=b"a\n", first=1),
        Block(data=b"b", first=2, sign=Sign.QUIET),
        Block(data=b"c\n", first=2),
        Block(data=b"", first=3, sign=Sign.ANEW),
        Block(data=b"d\n", first=1),
    ]


def test_a_windows_line_end_is_not_torn() -> None:
    assert list(blocks([b"a\r", b"\nb"])) == [Block(data=b"a\r\n", first=1), Block(data=b"b", first=2)]


def test_what_was_read_before_an_interrupt_is_given_out() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"a"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(blocks(chunks()))
    assert list(_until_interrupt(blocks(chunks()))) == [Block(data=b"a", first=1)]


def _until_interrupt(found: Iterator[Block]) -> Iterator[Block]:
    try:
        yield from found
    except KeyboardInterrupt:
        return


def test_nuls_go() -> None:
    assert list(blocks([b"\0\0a\0\n"])) == [Block(data=b"a\n", first=1)]


def test_a_line_without_end_is_cut() -> None:
    chunk = b"x" * (LONGEST // 4 + 1)
    assert [len(block.data) for block in blocks([chunk] * 5)] == [len(chunk) * 4, len(chunk)]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16(encoding: str) -> None:
    raw = "\ufeffé\nb\n".encode(encoding)
    assert b"".join(block.data for block in blocks([raw[:3], raw[3:]])).decode() == "\ufeffé\nb\n"
