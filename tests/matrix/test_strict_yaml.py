"""The YAML that cannot surprise: what it reads, and the one sentence for what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from verl_doctor.errors import DataError
from verl_doctor.matrix.strict_yaml import Part, Row, parts, read, row, rows


def test_reads_texts_lists_and_mappings() -> None:
    value = read('a: text\nb: ["2.10", plain]\nc: {d: "no"}\n', "f.yaml")
    assert value == {"a": "text", "b": ["2.10", "plain"], "c": {"d": "no"}}
    assert value["c"].place == "f.yaml:3"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "a: 1.0\n", "f.yaml:1: the key 'a' holds 1.0, which YAML takes for a float; quote it.", id="float"
        ),
        pytest.param(
            "a:\n  vllm: 2.10\n",
            "f.yaml:2: the key 'vllm' holds 2.10, which YAML takes for a float; quote it.",
            id="a version that would lose its zero",
        ),
        pytest.param("a: [1]\n", "f.yaml:1: the key 'a' holds 1, which YAML takes for a int; quote it.", id="int"),
        pytest.param(
            "a: no\n", "f.yaml:1: the key 'a' holds no, which YAML takes for a bool; quote it.", id="no is false"
        ),
        pytest.param(
            "a: 2026-11-21\n",
            "f.yaml:1: the key 'a' holds 2026-11-21, which YAML takes for a timestamp; quote it.",
            id="date",
        ),
        pytest.param("a:\n", "f.yaml:1: the key 'a' holds , which YAML takes for a null; quote it.", id="nothing"),
        pytest.param("0.10: a\n", "f.yaml:1: the key 0.10 is there, which YAML takes for a float; quote it.", id="key"),
        pytest.param("a: x\nb: y\na: z\n", "f.yaml:3: the key 'a' is there twice.", id="duplicate key"),
        pytest.param("a: {b: x, b: y}\n", "f.yaml:1: the key 'b' is there twice.", id="duplicate key in flow style"),
        pytest.param("a: [\n", "f.yaml:2: did not find expected node content.", id="not YAML"),
        pytest.param("[a]: b\n", "f.yaml:1: a key must be a text.", id="a list as a key"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read(text, "f.yaml")
    assert str(caught.value) == message


def test_an_empty_document_is_nothing() -> None:
    assert read("", "f.yaml") is None
    with pytest.raises(DataError, match="a mapping is needed here"):
        row("", "f.yaml")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(DataError, match=r"^f\.yaml: "):
        read("a: \x01\n", "f.yaml")


def test_lines_are_counted_from_the_file() -> None:
    with pytest.raises(DataError, match=r"^f\.yaml:12: "):
        read("a: x\na: y\n", "f.yaml", before=10)


def test_parts_are_found_by_indentation_and_not_parsed() -> None:
    text = '# about\nfirst:\n  "1.0": {a: b}\n  # between\n  two:\n    - {broken\n\nsecond: x\n'
    sections = parts(Part(text=text, file="f.yaml", before=0))
    assert list(sections) == ["first", "second"]
    assert read(sections["second"].text, "f.yaml") == "x"
    entries = parts(sections["first"], 2)
    assert list(entries) == ["1.0", "two"]
    assert row(entries["1.0"].text, "f.yaml", entries["1.0"].before).place == "f.yaml:3"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: x\na: y\n", "f.yaml:2: the key 'a' is there twice."),
        ("a: x\n? b\n", "f.yaml:2: a key and a colon are needed here."),
    ],
    ids=["duplicate", "no key"],
)
def test_parts_refuse(text: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        parts(Part(text=text, file="f.yaml", before=0))
    assert str(caught.value) == message


def _row(text: str) -> Row:
    return row(text, "f.yaml")


def test_a_row_gives_its_values_by_type() -> None:
    fields = _row("a: x\nb: [y, z]\nc: {d: e}\nf: [{g: h}]\n")
    assert fields.text("a") == "x"
    assert fields.texts("a") == ("x",)
    assert fields.texts("b") == ("y", "z")
    assert fields.texts("missing") == ()
    assert fields.pairs("c") == {"d": "e"}
    assert fields.pairs("missing") == {}
    assert fields.rows("c") == [{"d": "e"}]
    assert fields.rows("f") == [{"g": "h"}]
    assert fields.rows("missing") == []


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda f: f.text("b"), "f.yaml:1: the key 'b' must hold a text."),
        (lambda f: f.text("missing"), "f.yaml:1: the key 'missing' must hold a text."),
        (lambda f: f.texts("c"), "f.yaml:1: the key 'c' must hold a text or a list of texts."),
        (lambda f: f.pairs("a"), "f.yaml:1: the key 'a' must hold a mapping of texts."),
        (lambda f: f.rows("b"), "f.yaml:1: a list of mappings is needed here."),
        (lambda f: f.only({"a", "b"}), "f.yaml:1: the key 'c' is not one of a, b."),
    ],
    ids=["list for a text", "missing text", "mapping for texts", "text for a mapping", "texts for rows", "key"],
)
def test_a_row_refuses(ask: Callable[[Row], object], message: str) -> None:
    with pytest.raises(DataError) as caught:
        ask(_row("a: x\nb: [y]\nc: {d: [e]}\n"))
    assert str(caught.value) == message


def test_rows_take_one_for_a_list() -> None:
    one = _row("a: x\n")
    assert rows(one, "here") == [one]


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[2].glob("verl_doctor/knowledge/*.yaml")), ids=str)
def test_other_readers_read_the_same(path: Path) -> None:
    text = path.read_text("utf-8")
    assert read(text, path.name) == yaml.safe_load(text)


def test_other_readers_read_the_same_matrix() -> None:
    text = Path(__file__).parents[2].joinpath("compat_matrix.yaml").read_text("utf-8")
    assert read(text, "compat_matrix.yaml") == yaml.safe_load(text)
