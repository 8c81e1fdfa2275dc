"""One entry a name, found by id or name, with what is near an unknown one."""

from __future__ import annotations

import pytest

from verl_doctor import knowledge
from verl_doctor.errors import UsageError
from verl_doctor.examine import questions
from verl_doctor.explain.entries import by_layer, entries, named
from verl_doctor.explain.entry import Entry
from verl_doctor.fleet.trait import known as traits
from verl_doctor.model import Layer
from verl_doctor.patching.catalogue import built_in

RULES = (*range(600, 616), 639)


def test_everything_that_check_lint_and_patch_know_is_there() -> None:
    names = {entry.name for entry in entries() if entry.kind != "rule"}
    assert {entry.id for entry in entries() if entry.kind == "rule"} == {f"VD{number}" for number in RULES}
    known = {*(question.name for question in questions()), *(failure.name for failure in knowledge.load())}
    differences = {trait.name for trait in traits()}
    assert known | differences | {patch.name for patch in built_in()} == names
    assert len({entry.name for entry in entries()}) == len(entries())


@pytest.mark.parametrize("word", ["VD123", "vd123", "VDP004", "v0-n-gt1-leak", "V0-N-GT1-leak"])
def test_by_id_or_name(word: str) -> None:
    entry = named(word)
    assert (entry.id, entry.name, entry.ids) == ("VD123", "v0-n-gt1-leak", ("VD123", "VDP004"))
    assert entry.patch is not None


@pytest.mark.parametrize(
    ("word", "said"),
    [
        pytest.param("VD005", "near it are leftover-distribution (VD004)", id="id"),
        pytest.param("local-rank", "near it are vllm07-local-rank (VDP002).", id="part"),
        pytest.param("driver-mising", "near it are driver-missing (VD200)", id="typo"),
        pytest.param("zzzzzzzz", "`verl-doctor explain` lists all.", id="nothing-near"),
        pytest.param("", "`verl-doctor explain` lists all.", id="empty"),
    ],
)
def test_unknown(word: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        named(word)
    assert str(caught.value).startswith(f"Nothing is called {word!r}; ")
    assert said in str(caught.value)


def test_layers_come_in_order() -> None:
    assert list(by_layer()) == sorted(by_layer(), key=lambda layer: layer.rank)
    assert Layer.PATCH in by_layer()


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_an_entry_is_whole(entry: Entry) -> None:
    assert entry.title
    assert entry.text
    told = [entry.title, *(cure.text for cure in entry.cures), *(c for cure in entry.cures for c in cure.commands)]
    assert not [text for text in told if "{" in text]
    if entry.kind == "failure":
        assert entry.cures
        assert entry.sources
        assert entry.when or entry.signatures or entry.launch
        assert entry.found_by


@pytest.mark.parametrize("entry", [each for each in entries() if len(each.cures) > 1], ids=lambda entry: entry.name)
def test_each_of_several_cures_says_for_which_environments_it_is(entry: Entry) -> None:
    circumstances = [cure.when for cure in entry.cures]
    assert circumstances[-1] == ("otherwise",)
    assert all(circumstances)
    assert len(set(circumstances)) == len(circumstances)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param(
            "VDP001", [("vLLM 0.7.3 or newer fits everything else that is installed",), ("otherwise",)], id="upgrade"
        ),
        pytest.param(
            "fp8-moe",
            [("a recommended stack has the installed verl and runs on this Python, driver and GPU",), ("otherwise",)],
            id="stack",
        ),
        pytest.param("enforce-eager-true", [("verl is before 0.5.0",), ("otherwise",)], id="condition"),
    ],
)
def test_for_which_environments_the_cures_are(name: str, said: list[tuple[str, ...]]) -> None:
    assert [cure.when for cure in named(name).cures] == said


def test_the_title_of_a_probe_stands_alone() -> None:
    assert named("eager-throughput").title == "A large batch is generated without CUDA graphs; its speed is measured"
