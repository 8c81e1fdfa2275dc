"""A real engine gives the known answers, and by far: in a batch and alone, in each type, sampled, after new weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.agreement import DAMAGED, agreement
from tests.engine.conftest import Starter
from tests.engine.served import ServedEngine
from verl_doctor.smoke.child.known_answer import continuation, prompt

pytestmark = [pytest.mark.engine, pytest.mark.real]

PROMPTS = [prompt(number, 24 + 1776 * number // 31) for number in range(32)]
"""Of 24 to 1,800 tokens."""
COUNT = 64
WIDE = 30.0
"""Nats between the first and the second token: the second is chosen once in 10 ** 13 times."""


def right(version: int, prompts: list[list[int]] = PROMPTS) -> list[list[int]]:
    return [continuation(tokens, COUNT, version) for tokens in prompts]


def firsts(answers: list[list[list[int]]]) -> list[list[int]]:
    return [samples[0] for samples in answers]


def test_one_by_one(engine: ServedEngine) -> None:
    assert [engine.generate([tokens], COUNT)[0][0] for tokens in PROMPTS] == right(1)


@pytest.mark.parametrize("version", range(2, 6))
def test_new_weights_give_their_own_answers(engine: ServedEngine, version: int) -> None:
    engine.send(version)
    answers = firsts(engine.generate(PROMPTS[:8], COUNT))
    assert answers == right(version, PROMPTS[:8])
    assert agreement(answers, right(1, PROMPTS[:8])) < DAMAGED


def test_samples_at_temperature_1(engine: ServedEngine) -> None:
    assert engine.generate(PROMPTS[:8], COUNT, samples=8) == [[answer] * 8 for answer in right(1, PROMPTS[:8])]


def test_both_kinds_of_checkpoint_hold_the_same(engine: ServedEngine, tmp_path: Path) -> None:
    tensors = engine.checkpoints(tmp_path)
    assert len(tensors["safetensors"]) == 3 + 2 * 9
    assert tensors["safetensors"] == tensors["bin"]


@pytest.mark.parametrize("dtype", ["bfloat16", "float32", "float16"])
def test_in_one_batch_by_a_wide_margin(
    start: Starter, dtype: str, record_testsuite_property: Callable[[str, object], None]
) -> None:
    engine = start(dtype)
    engine.restore()
    assert firsts(engine.generate(PROMPTS, COUNT)) == right(1)
    margins = engine.margins(PROMPTS, COUNT)
    assert len(margins) == len(PROMPTS) * COUNT
    record_testsuite_property(f"smallest margin in {dtype}, in nats", min(margins))
    assert min(margins) > WIDE
