"""The KV cache cannot be damaged unnoticed where a key or the reached value is, also in the middle of a generation."""

from __future__ import annotations

from itertools import count

import pytest

from tests.engine.agreement import DAMAGED, agreement
from tests.engine.served import ServedEngine
from verl_doctor.smoke.child.known_answer import KEYS, KINDS, REACH, VALUES, continuation, key_token, prompt

pytestmark = [pytest.mark.engine, pytest.mark.real]

BLOCK = 128
"""The tokens in a block of this engine's KV cache."""
LENGTH, HALF, COUNT = 1800, 32, 64
LAYER_OF_KEY = (0, 1, 1)


def key_places(tokens: list[int]) -> list[int]:
    """The places of the keys by kind."""
    return [
        next(i for i, t in enumerate(tokens) if t in range(first, first + KEYS))
        for first in map(first_of, range(KINDS))
    ]


def first_of(kind: int) -> int:
    return key_token(kind, 0)


def far_keys(number: int) -> list[int]:
    """A prompt with each key in a block of its own, none of them in the last two."""
    for tried in count(1000 * number):
        tokens = prompt(tried, LENGTH)
        blocks = {place // BLOCK for place in key_places(tokens)}
        if len(blocks) == KINDS and max(blocks) < LENGTH // BLOCK - 1:
            return tokens
    raise AssertionError


PROMPT = far_keys(1)
RIGHT = continuation(PROMPT, COUNT, 1)
PLACES = key_places(PROMPT)


def grown_half(engine: ServedEngine, *prompts: list[int]) -> None:
    assert engine.block_size() == BLOCK
    engine.begin(prompts, COUNT)
    assert engine.grow(HALF) == [continuation(tokens, HALF, 1) for tokens in prompts]


def rest(engine: ServedEngine) -> float:
    """How much of the other half of the first answer is right."""
    return agreement([engine.grow(COUNT)[0][HALF:]], [RIGHT[HALF:]])


@pytest.mark.parametrize("kind", range(KINDS))
def test_exchanged_key_gives_the_answers_of_the_other_key(engine: ServedEngine, kind: int) -> None:
    changed = list(PROMPT)
    changed[PLACES[kind]] = first_of(kind) + (PROMPT[PLACES[kind]] - first_of(kind) + 1) % KEYS
    answer = engine.generate([changed], COUNT)[0][0]
    assert answer == continuation(changed, COUNT, 1)
    assert answer[0] != RIGHT[0]
    assert agreement([answer], [RIGHT]) < DAMAGED


@pytest.mark.parametrize("ago", [0, REACH])
def test_exchanged_value_changes_the_next_token(engine: ServedEngine, ago: int) -> None:
    changed = list(PROMPT)
    changed[-1 - ago] = (PROMPT[-1 - ago] + 1) % VALUES
    answer = engine.generate([changed], COUNT)[0][0]
    assert answer == continuation(changed, COUNT, 1)
    assert answer[0] != RIGHT[0]


@pytest.mark.parametrize("kind", range(KINDS))
def test_lost_block_of_a_key(engine: ServedEngine, kind: int) -> None:
    grown_half(engine, PROMPT)
    engine.lose(LAYER_OF_KEY[kind], 0, PLACES[kind])
    assert rest(engine) < DAMAGED


def test_lost_block_of_the_reached_value(engine: ServedEngine) -> None:
    grown_half(engine, PROMPT)
    engine.lose(0, 0, LENGTH + HALF - 1 - REACH)
    assert rest(engine) < DAMAGED


@pytest.mark.parametrize("kind", range(KINDS))
def test_block_of_another_request(engine: ServedEngine, kind: int) -> None:
    other = far_keys(2)
    assert PROMPT[PLACES[kind]] != other[key_places(other)[kind]]
    grown_half(engine, PROMPT, other)
    engine.confuse(LAYER_OF_KEY[kind], 0, PLACES[kind], 1, key_places(other)[kind])
    assert rest(engine) < DAMAGED


def test_lost_block_that_nothing_depends_on(engine: ServedEngine) -> None:
    """A limit: a block that holds neither a key nor the last values. Where it is differs from prompt to prompt."""
    grown_half(engine, PROMPT)
    blocks = {place // BLOCK for place in PLACES}
    unused = next(block for block in range(LENGTH // BLOCK - 2) if block not in blocks)
    for layer in (0, 1):
        engine.lose(layer, 0, unused * BLOCK)
    assert rest(engine) == 1


def test_prefix_from_the_cache(engine: ServedEngine) -> None:
    grown_half(engine, PROMPT)
    assert rest(engine) == 1
    answer, cached = engine.cached(PROMPT, COUNT)
    assert cached >= LENGTH - BLOCK
    assert answer == RIGHT


def test_damaged_prefix_from_the_cache(engine: ServedEngine) -> None:
    grown_half(engine, PROMPT)
    engine.lose(1, 0, PLACES[1])
    engine.grow(COUNT)
    answer, cached = engine.cached(PROMPT, COUNT)
    assert cached >= LENGTH - BLOCK
    assert agreement([answer], [RIGHT]) < DAMAGED
