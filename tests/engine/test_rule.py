"""The rule of the known-answer model and its prompts, without torch."""

from __future__ import annotations

from itertools import combinations, product

import pytest

from verl_doctor.smoke.child.known_answer import (
    KEYS,
    KINDS,
    REACH,
    SHORTEST,
    VALUES,
    Rule,
    continuation,
    key_token,
    prompt,
)

VALUE_IDS, KEY_IDS, VERSIONS = range(VALUES), range(KEYS), range(1, 9)
LENGTHS = (SHORTEST, SHORTEST + 1, 24, 70, 400, 1800)


@pytest.mark.parametrize("version", VERSIONS)
def test_each_argument_alone_decides(version: int) -> None:
    rule = Rule(version)
    for key, value in product(KEY_IDS, VALUE_IDS):
        assert {rule.mixed(key, value, reached) for reached in VALUE_IDS} == set(VALUE_IDS)
        assert {rule.mixed(key, current, value) for current in VALUE_IDS} == set(VALUE_IDS)
    for current, reached in product(VALUE_IDS, VALUE_IDS):
        assert len({rule.mixed(key, current, reached) for key in KEY_IDS}) == KEYS
    for key, other in product(KEY_IDS, KEY_IDS):
        assert {rule.answer(key, other, mixed) for mixed in VALUE_IDS} == set(VALUE_IDS)
    for mixed in VALUE_IDS:
        assert {rule.answer(key, other, mixed) for key, other in product(KEY_IDS, KEY_IDS)} == set(VALUE_IDS)


@pytest.mark.parametrize(("old", "new"), list(combinations(VERSIONS, 2)))
def test_versions_agree_in_neither_step_and_in_no_mixture_of_steps(old: int, new: int) -> None:
    one, other = Rule(old), Rule(new)
    for key, current, reached in product(KEY_IDS, VALUE_IDS, VALUE_IDS):
        mixed, other_mixed = one.mixed(key, current, reached), other.mixed(key, current, reached)
        assert mixed != other_mixed
        answers = [one.answer(0, 0, mixed), other.answer(0, 0, other_mixed), one.answer(0, 0, other_mixed)]
        answers.append(other.answer(0, 0, mixed))
        assert len({*answers[:2]}) == 2
        assert {*answers[:2]}.isdisjoint(answers[2:])


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("number", range(50))
def test_prompt(number: int, length: int) -> None:
    tokens = prompt(number, length)
    assert len(tokens) == length
    kinds = [(token - VALUES) // KEYS for token in tokens if token >= VALUES]
    assert sorted(kinds) == list(range(KINDS))
    assert all(0 <= token < VALUES for token in tokens[-REACH - 1 :])
    assert tokens == prompt(number, length)
    assert len(continuation(tokens, 64, 1)) == 64


def test_prompts_differ() -> None:
    assert len({tuple(prompt(number, SHORTEST)) for number in range(200)}) == 200


def test_keys_stand_at_every_depth() -> None:
    places = {
        prompt(number, 24).index(token) for number in range(300) for token in prompt(number, 24) if token >= VALUES
    }
    assert places == set(range(24 - REACH - 1))


def test_too_short_a_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match=f"at least {SHORTEST} tokens, not {SHORTEST - 1}"):
        prompt(0, SHORTEST - 1)


def test_continuation_goes_on_where_it_stopped() -> None:
    tokens = prompt(0, 40)
    whole = continuation(tokens, 64, 1)
    assert whole == continuation(tokens, 64, 1)
    assert continuation(tokens + whole[:30], 34, 1) == whole[30:]
    assert set(whole) <= set(VALUE_IDS)
    assert len(set(whole)) > VALUES / 2


@pytest.mark.parametrize("number", range(20))
def test_whatever_changes_the_next_token_changes(number: int) -> None:
    tokens = prompt(number, 300)
    next_token = continuation(tokens, 1, 1)
    for place in [tokens.index(token) for token in tokens if token >= VALUES]:
        kind, key = divmod(tokens[place] - VALUES, KEYS)
        for other in {*KEY_IDS} - {key}:
            assert continuation([*tokens[:place], key_token(kind, other), *tokens[place + 1 :]], 1, 1) != next_token
    for place in (-1, -1 - REACH):
        changed = list(tokens)
        changed[place] = (tokens[place] + 1) % VALUES
        assert continuation(changed, 1, 1) != next_token
    for version in VERSIONS[1:]:
        assert continuation(tokens, 1, version) != next_token
