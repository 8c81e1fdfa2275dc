"""Every patch does what its examples say, and leaves alone what they say it leaves alone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from verl_doctor.patching import catalogue
from verl_doctor.patching.patch import After, Before, Example, Patch, Unfamiliar, Untouched
from verl_doctor.patching.structure import examine

EXAMPLES = [
    pytest.param(patch, example, id=f"{patch.name}: {example.name}")
    for patch in catalogue.load()
    for example in patch.examples
]
UNTOUCHED = [
    pytest.param(patch, example, id=f"{patch.name}: {example.name}")
    for patch in catalogue.load()
    for example in patch.untouched
]


@pytest.mark.parametrize(("patch", "example"), EXAMPLES)
def test_before_becomes_after(patch: Patch, example: Example) -> None:
    assert examine(patch, example.before.encode()) == Before(example.after.encode())


@pytest.mark.parametrize(("patch", "example"), EXAMPLES)
def test_after_has_nothing_to_do(patch: Patch, example: Example) -> None:
    assert examine(patch, example.after.encode()) == After()


@pytest.mark.parametrize(("patch", "example"), EXAMPLES)
def test_the_bug_leaves_its_trace(patch: Patch, example: Example) -> None:
    assert patch.trace.search(example.before.encode())


@pytest.mark.parametrize(("patch", "example"), UNTOUCHED)
def test_is_left_alone(patch: Patch, example: Untouched) -> None:
    match examine(patch, example.source.encode()):
        case After():
            assert example.structure == "after"
        case Unfamiliar(reason):
            assert example.structure == "unfamiliar"
            assert not reason.endswith(".")
        case Before():
            pytest.fail("edited")


def _tabs(source: str) -> bytes:
    return re.sub("(?m)^(?:    )+", lambda match: "\t" * (len(match[0]) // 4), source).encode()


def _mixed(source: str) -> bytes:
    lines = source.encode().split(b"\n")
    return b"".join(line + (b"\r\n" if number % 2 else b"\n") for number, line in enumerate(lines[:-1]))


LAYOUTS: dict[str, Callable[[str], bytes]] = {
    "CRLF": lambda source: source.replace("\n", "\r\n").encode(),
    "byte order mark": lambda source: b"\xef\xbb\xbf" + source.encode(),
    "latin-1": lambda source: ("# coding: latin-1\n# \xe9\n" + source + "NAME = '\xfc'\n").encode("latin-1"),
    "tabs": _tabs,
    "form feed": lambda source: source.replace("\n\n\n", "\n\x0c\n\n").encode(),
    "no newline at the end": lambda source: source.encode() + b"LAST = 1",
    "white space at the end": lambda source: source.encode() + b"\n  \n\t\n\n   ",
    "odd line ends after the edit": lambda source: source.encode() + b"A = 1\rB = 2\r\n",
    "white space at line ends": lambda source: source.replace("\n\n", "\n   \n").encode(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("patch", "example"), EXAMPLES)
def test_every_other_byte_stays(patch: Patch, example: Example, layout: str) -> None:
    spell = LAYOUTS[layout]
    assert examine(patch, spell(example.before)) == Before(spell(example.after))


@pytest.mark.parametrize(("patch", "example"), EXAMPLES)
def test_mixed_line_ends_stay(patch: Patch, example: Example) -> None:
    source = _mixed(example.before)
    match examine(patch, source):
        case Before(edited):
            kept = edited.splitlines(keepends=True)
            assert edited.replace(b"\r", b"") == example.after.encode()
            changed = [line for line in kept if line not in source.splitlines(keepends=True)]
            assert all(line.strip() in example.after.encode() for line in changed)
            assert len(changed) <= 1
        case other:
            pytest.fail(str(other))


def test_lone_carriage_returns_before_the_edit_are_unfamiliar() -> None:
    for patch in catalogue.load():
        source = b"A = 1\rB = 2\n" + patch.examples[0].before.encode()
        assert isinstance(examine(patch, source), Unfamiliar | Before)


def test_names_and_ids_are_unique_and_what_the_contract_says() -> None:
    named = {patch.id: patch.name for patch in catalogue.load()}
    assert named["VDP001"] == "vllm07-world-size-assert"
    assert named["VDP002"] == "vllm07-local-rank"
    assert named["VDP003"] == "vllm07-empty-cache"
    assert len(set(named.values())) == len(catalogue.load())


@pytest.mark.parametrize("patch", catalogue.load(), ids=lambda patch: patch.name)
def test_documentation_has_a_title_and_a_reason(patch: Patch) -> None:
    assert patch.title.endswith(".")
    assert "verl" in patch.documentation
    assert patch.upstream
    assert patch.examples
    assert {example.structure for example in patch.untouched} == {"after", "unfamiliar"}
