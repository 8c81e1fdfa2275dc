"""No part of the weights can be wrong unnoticed: each kind of damage is done in a running engine."""

from __future__ import annotations

import pytest

from tests.engine.agreement import DAMAGED, agreement
from tests.engine.served import ServedEngine
from verl_doctor.smoke.child.known_answer import continuation, prompt

pytestmark = [pytest.mark.engine, pytest.mark.real]

PROMPTS = [prompt(number, 60 + 40 * number) for number in range(8)]
COUNT = 16
RIGHT = [continuation(tokens, COUNT, 1) for tokens in PROMPTS]
PARTS = (
    "input_layernorm",
    *(f"self_attn.{name}" for name in ("q_proj", "k_proj", "v_proj", "o_proj")),
    "post_attention_layernorm",
    *(f"mlp.{name}" for name in ("gate_proj", "up_proj", "down_proj")),
)
NAMES = (
    "model.embed_tokens.weight",
    *(f"model.layers.{layer}.{part}.weight" for layer in range(2) for part in PARTS),
    "model.norm.weight",
    "lm_head.weight",
)


def agrees(engine: ServedEngine) -> float:
    return agreement([samples[0] for samples in engine.generate(PROMPTS, COUNT)], RIGHT)


@pytest.mark.parametrize("version", [2, 5])
@pytest.mark.parametrize("name", NAMES)
def test_tensor_of_another_version(engine: ServedEngine, name: str, version: int) -> None:
    engine.send(1, "one_of_another_version", name, version)
    assert agrees(engine) < DAMAGED


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (0, 2), (1, 1), (1, 3)])
def test_query_head_that_is_used(engine: ServedEngine, layer: int, head: int) -> None:
    engine.send(1, "without_query_head", layer, head)
    assert agrees(engine) < DAMAGED


@pytest.mark.parametrize(("layer", "head"), [(0, 1), (0, 3), (1, 0), (1, 2)])
def test_query_head_that_is_not_used(engine: ServedEngine, layer: int, head: int) -> None:
    engine.send(1, "without_query_head", layer, head)
    assert agrees(engine) == 1


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("head", [0, 1])
def test_kv_head(engine: ServedEngine, layer: int, head: int) -> None:
    engine.send(1, "without_kv_head", layer, head)
    assert agrees(engine) < DAMAGED


@pytest.mark.parametrize("layer", [0, 1])
def test_exchanged_kv_heads(engine: ServedEngine, layer: int) -> None:
    engine.send(1, "kv_heads_exchanged", layer)
    assert agrees(engine) < DAMAGED


@pytest.mark.parametrize("layer", [0, 1])
def test_mlp(engine: ServedEngine, layer: int) -> None:
    engine.send(1, "without_mlp", layer)
    assert agrees(engine) < DAMAGED


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("layer", [0, 1])
def test_half_of_an_mlp(engine: ServedEngine, layer: int, half: int) -> None:
    """What one of two ranks holds of it."""
    engine.send(1, "without_half_of_mlp", layer, half)
    assert agrees(engine) < 1


def test_another_theta(engine: ServedEngine) -> None:
    """What transformers takes where config.json does not say theta under the name that it knows."""
    engine.turn_by(10_000.0)
    assert agrees(engine) < DAMAGED


def test_undamaged(engine: ServedEngine) -> None:
    engine.send(2)
    assert agrees(engine) < DAMAGED
    engine.restore()
    assert agrees(engine) == 1
