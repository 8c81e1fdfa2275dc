"""The lines that may matter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from verl_doctor.diagnose.blocks import Block, blocks
from verl_doctor.diagnose.scan import Scan

DATA = b"one\r\ntwo ERROR\n10%\r20% step:1\rthree\nfour ERROR ERROR"


def numbers(scan: Scan) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in scan.lines(Block(data=DATA, first=5))]


def test_lines_that_hold_a_word() -> None:
    assert numbers(Scan({"ERROR"}, {"step:"})) == [(6, "two ERROR"), (8, "four ERROR ERROR")]


def test_progress_where_it_is_waited_for() -> None:
    scan = Scan({"ERROR"}, {"step:"})
    scan.is_waiting = True
    assert numbers(scan) == [(6, "two ERROR"), (7, "20% step:1"), (8, "four ERROR ERROR")]


def test_every_line_to_the_attentive() -> None:
    scan = Scan({"ERROR"}, set())
    scan.is_attentive = True
    assert [number for number, _ in numbers(scan)] == [5, 6, 7, 7, 7, 8]


@given(st.lists(st.sampled_from([b"x", b"ERROR", b"\n", b"\r", b"\r\n", b"y" * 50])), st.integers(1, 40))
def test_however_it_is_cut_every_line_is_found_once(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    scan = Scan({"ERROR"}, set())
    found = [(line.number, line.text) for block in blocks(chunks) for line in scan.lines(block)]
    lines = [
        (number, piece.decode())
        for number, line in enumerate(data.split(b"\n"), 1)
        for piece in line.split(b"\r")
        if b"ERROR" in piece
    ]
    assert found == lines
