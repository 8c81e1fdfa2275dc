"""Every built-in patch does what its examples say, in every layout, and leaves alone what they say it leaves alone."""

from __future__ import annotations

import pytest

from verl_doctor import knowledge
from verl_doctor.patching import catalogue
from verl_doctor.patching.patch import Before, Example, Patch, Unfamiliar
from verl_doctor.patching.structure import examine
from verl_doctor.patching.verify import verify

PATCHES = pytest.mark.parametrize("patch", catalogue.built_in(), ids=lambda patch: patch.name)
EXAMPLES = [
    pytest.param(patch, example, id=f"{patch.name}: {example.name}")
    for patch in catalogue.built_in()
    for example in patch.examples
]


@PATCHES
def test_the_examples_hold(patch: Patch) -> None:
    assert verify(patch).problems == ()


@pytest.mark.parametrize(("patch", "example"), EXAMPLES)
def test_mixed_line_ends_stay(patch: Patch, example: Example) -> None:
    lines = example.before.encode().split(b"\n")
    source = b"".join(line + (b"\r\n" if number % 2 else b"\n") for number, line in enumerate(lines[:-1]))
    match examine(patch, source, example.since):
        case Before(edited):
            assert edited.replace(b"\r", b"") == example.after.encode()
            added = set(example.after.encode().splitlines()) - set(example.before.encode().splitlines())
            changed = set(edited.splitlines(keepends=True)) - set(source.splitlines(keepends=True))
            assert {line.rstrip(b"\r\n") for line in changed} - {b""} <= added
        case other:
            pytest.fail(str(other))


@PATCHES
def test_lone_carriage_returns_before_the_edit_are_unfamiliar(patch: Patch) -> None:
    source = b"A = 1\rB = 2\n" + patch.examples[0].before.encode()
    assert isinstance(examine(patch, source), Unfamiliar | Before)


def test_names_and_ids_are_unique_and_what_the_contract_says() -> None:
    named = {patch.id: patch.name for patch in catalogue.built_in()}
    assert named["VDP001"] == "vllm07-world-size-assert"
    assert named["VDP002"] == "vllm07-local-rank"
    assert named["VDP003"] == "vllm07-empty-cache"
    assert len(set(named.values())) == len(catalogue.built_in())


@PATCHES
def test_documentation_says_why_verl_meets_it(patch: Patch) -> None:
    assert "verl" in patch.documentation
    assert patch.upstream


@PATCHES
def test_there_is_a_known_failure_of_its_name_that_it_cures(patch: Patch) -> None:
    [failure] = [failure for failure in knowledge.load() if failure.name == patch.name]
    assert patch.name in {cure.patch for cure in failure.texts.cures}
