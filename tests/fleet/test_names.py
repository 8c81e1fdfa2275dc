from __future__ import annotations

import pytest

from verl_doctor.fleet.names import fold

CASES = {
    "one": (["node3"], "node3"),
    "a run": (["node004", "node003", "node005"], "node[003-005]"),
    "a run and one": (["node003", "node004", "node005", "node012"], "node[003-005,012]"),
    "without leading zeros": (["n9", "n10", "n11"], "n[9-11]"),
    "two lengths with zeros stay apart": (["n09", "n1", "n10"], "n1, n[09-10]"),
    "two racks": (["r1-n1", "r1-n2", "r2-n1"], "r1-n[1-2], r2-n1"),
    "with a domain": (["gpu3.c2.example", "gpu4.c2.example"], "gpu[3-4].c2.example"),
    "after the number": (["n1-ib0", "n2-ib0"], "n1-ib[0], n2-ib[0]".replace("[0]", "0")),
    "addresses": (["10.0.0.7", "10.0.0.8"], "10.0.0.[7-8]"),
    "no number": (["head", "tail"], "head, tail"),
    "a digest is no count": (["a12345678901234567890", "b"], "a12345678901234567890, b"),
    "very many": ([f"{letter}x" for letter in "abcdefghijkl"], "ax, bx, cx, dx, ex, fx, gx, hx and 4 more such"),
}


@pytest.mark.parametrize(("names", "told"), CASES.values(), ids=CASES)
def test_fold(names: list[str], told: str) -> None:
    assert fold(names) == told


def test_a_thousand_are_one_range() -> None:
    assert fold(f"node{number:04}" for number in range(1000)) == "node[0000-0999]"
