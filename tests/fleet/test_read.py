from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from verl_doctor.errors import DataError
from verl_doctor.facts.codec import parse
from verl_doctor.fleet.read import Reader

FOLDER = Path(__file__).parents[1] / "data" / "facts"
RECORDED = sorted(FOLDER.glob("*.json"))
PLAIN: dict[str, Any] = json.loads(RECORDED[0].read_text())
STYLES: dict[str, dict[str, Any]] = {
    "as written": {"indent": 2},
    "one line": {},
    "tight": {"separators": (",", ":")},
    "tabs": {"indent": "\t"},
    "lines without indentation": {"indent": 0},
}


@pytest.mark.parametrize("style", STYLES)
def test_reads_what_the_codec_reads_however_it_is_written(style: str) -> None:
    reader = Reader()
    for _ in range(2):
        for file in RECORDED:
            text = json.dumps(json.loads(file.read_bytes()), **STYLES[style]).encode()
            assert reader.read(text, "x") == parse(text, "x")


def test_what_two_nodes_have_in_common_is_one() -> None:
    reader = Reader()
    text = RECORDED[0].read_bytes()
    other = json.dumps({**PLAIN, "gpus": []}).encode()
    assert reader.read(text, "a").packages is reader.read(text, "b").packages
    assert reader.read(other, "c").packages is reader.read(text, "d").packages


def test_more_kinds_of_nodes_than_are_kept() -> None:
    reader = Reader()
    for number in (*range(40), *range(40)):
        plain = json.loads(json.dumps(PLAIN))
        plain["packages"]["numpy"]["version"] = f"1.{number}"
        text = json.dumps(plain, indent=2).encode()
        assert reader.read(text, "x") == parse(text, "x")


BROKEN = {
    "empty": b"",
    "no JSON": b"verl-doctor: no such thing",
    "a list": b"[1]",
    "cut short": RECORDED[0].read_bytes()[:-20],
    "more after it": RECORDED[0].read_bytes() + b"{}",
    "another schema": json.dumps({**PLAIN, "schema_version": "2"}).encode(),
    "a field too few": json.dumps({key: value for key, value in PLAIN.items() if key != "driver"}).encode(),
    "a number for a text": json.dumps({**PLAIN, "python": {**PLAIN["python"], "version": 3}}).encode(),
    "another encoding": b"\xff\xfe{}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_refuses_what_the_codec_refuses_in_the_same_words(text: bytes) -> None:
    reader = Reader()
    reader.read(RECORDED[0].read_bytes(), "before")
    with pytest.raises(DataError) as told:
        reader.read(text, "node7.json")
    with pytest.raises(DataError) as wanted:
        parse(text, "node7.json")
    assert str(told.value) == str(wanted.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(at=st.integers(0, len(RECORDED[0].read_bytes()) - 1), byte=st.binary(min_size=1, max_size=1))
def test_a_changed_byte_is_never_taken_for_the_one_before(at: int, byte: bytes) -> None:
    reader, whole = Reader(), RECORDED[0].read_bytes()
    reader.read(whole, "before")
    text = whole[:at] + byte + whole[at + 1 :]
    try:
        wanted = parse(text, "x")
    except DataError:
        with pytest.raises(DataError):
            reader.read(text, "x")
    else:
        assert reader.read(text, "x") == wanted
