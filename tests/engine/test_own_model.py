"""A user's own model is judged without knowing its answers: damage is found, here in one whose answers are known."""

from __future__ import annotations

import pytest

from tests.engine.served import ServedEngine
from tests.engine.test_cache import BLOCK, COUNT, HALF, LAYER_OF_KEY, PLACES, PROMPT, grown_half
from verl_doctor.smoke.child.known_answer import prompt

pytestmark = [pytest.mark.engine, pytest.mark.real]

PROMPTS = [prompt(number, 60 + 40 * number) for number in range(8)]


def test_undamaged(engine: ServedEngine) -> None:
    assert engine.judge(PROMPTS, 16) is None


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(("without_mlp", 0), id="an MLP is lost"),
        pytest.param(("without_kv_head", 1, 0), id="a KV head is lost"),
        pytest.param(("one_of_another_version", "lm_head.weight", 2), id="one tensor is another version's"),
    ],
)
def test_other_weights(engine: ServedEngine, damage: tuple[object, ...]) -> None:
    said = engine.judge(PROMPTS, 16, *damage)
    assert "the weights are not what they were" in said


def test_lost_block_of_the_cache(engine: ServedEngine) -> None:
    assert PLACES[0] < BLOCK * 13
    grown_half(engine, PROMPT)
    engine.lose(LAYER_OF_KEY[0], 0, PLACES[0])
    engine.grow(COUNT)
    said = engine.judge_grown([PROMPT])
    assert "behind the likeliest of a forward pass" in said
    assert int(said.split()[1]) > HALF


def test_whole_cache(engine: ServedEngine) -> None:
    grown_half(engine, PROMPT)
    engine.grow(COUNT)
    assert engine.judge_grown([PROMPT]) is None


def test_weights_that_were_sent_and_changed_nothing(engine: ServedEngine) -> None:
    assert "weights of zeros were sent" in engine.judge_zeros(PROMPTS, 16)
