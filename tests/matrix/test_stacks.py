"""The recommended stack that fits what is installed."""

from __future__ import annotations

from typing import Any

import pytest

from verl_doctor.matrix.load import load
from verl_doctor.matrix.rows import Stack
from verl_doctor.matrix.specifiers import satisfies
from verl_doctor.recommend.wish import clashes

MATRIX = load()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, "verl-0.9.1-vllm-0.24.0", id="nothing installed: the newest verl"),
        pytest.param({"driver": "580.159.04"}, "verl-0.9.1-vllm-0.24.0", id="a driver for CUDA 13"),
        pytest.param(
            {"driver": "550.54.15"}, "verl-0.8.0-vllm-0.12.0", id="a driver for CUDA 12 only: vouched for before newest"
        ),
        pytest.param({"driver": "550.54.15", "verl": "0.9.1"}, "verl-0.9.1-vllm-0.19.1", id="the same, verl is kept"),
        pytest.param({"driver": "470.82.01"}, None, id="a driver for no stack"),
        pytest.param({"python": "3.10"}, "verl-0.9.1-vllm-0.24.0", id="Python 3.10"),
        pytest.param({"python": "3.13.1"}, "verl-0.9.0-vllm-0.24.0", id="Python 3.13"),
        pytest.param({"python": "3.14"}, None, id="Python 3.14"),
        pytest.param({"gpus": (("B200", "10.0"),), "verl": "0.5.0"}, None, id="a GPU that no torch of this verl knows"),
        pytest.param({"gpus": (("V100", "7.0"),)}, "verl-0.8.0-vllm-0.12.0", id="a GPU that newer torch dropped"),
        pytest.param({"verl": "0.7.0"}, "verl-0.7.0-vllm-0.12.0", id="verl is kept"),
        pytest.param({"verl": "0.6.0"}, "verl-0.6.0-vllm-0.10.0", id="the first choice for a verl"),
        pytest.param({"verl": "0.6.0", "vllm": "0.11.0"}, "verl-0.6.0-vllm-0.11.0", id="vLLM is kept"),
        pytest.param({"verl": "0.6.0", "torch": "2.8.0+cu128"}, "verl-0.6.0-vllm-0.11.0", id="torch is kept"),
        pytest.param({"verl": "0.6.0", "vllm": "0.99.0"}, "verl-0.6.0-vllm-0.10.0", id="a vLLM in no stack"),
        pytest.param({"verl": "0.8.0.dev0"}, "verl-0.8.0-vllm-0.12.0", id="a verl of the same series"),
        pytest.param({"verl": "0.8.0+local"}, "verl-0.8.0-vllm-0.12.0", id="a verl with a local tag"),
        pytest.param({"verl": "0.3.0.post1"}, "verl-0.3.0.post1-vllm-0.8.3", id="the one that resolves"),
        pytest.param({"verl": "0.1"}, None, id="a verl without a stack"),
        pytest.param({"verl": "main"}, None, id="a verl that is no version"),
        pytest.param({"vllm": "0.8.5.post1"}, "verl-0.5.0-vllm-0.8.5.post1", id="no verl: the newest for a vLLM"),
        pytest.param(
            {"vllm": "0.7.2"}, "verl-0.3.0.post1-vllm-0.8.3", id="a vLLM in no stack: a verl that does not avoid it"
        ),
        pytest.param({"vllm": "0.10.2"}, "verl-0.8.0-vllm-0.12.0", id="a vLLM in no stack: the newest such verl"),
        pytest.param({"vllm": "0.13.0"}, "verl-0.8.0-vllm-0.12.0", id="a vLLM that none declares: one that can use it"),
        pytest.param(
            {"vllm": "0.12.0.post2+cpu", "torch": "2.9.1"}, "verl-0.8.0-vllm-0.12.0", id="a later build of a vLLM"
        ),
        pytest.param({"vllm": "0.99.0"}, None, id="a vLLM that no verl is known to use"),
        pytest.param({"torch": "2.9.1+cu128"}, "verl-0.8.0-vllm-0.14.0", id="only torch is installed"),
        pytest.param({"torch": "2.99.0"}, None, id="a torch in no stack"),
    ],
)
def test_best_stack(given: dict[str, Any], expected: str | None) -> None:
    best = MATRIX.best_stack(**given)
    assert (best.name if best else None) == expected


@pytest.mark.parametrize("stack", MATRIX.stacks(), ids=lambda stack: stack.name)
def test_a_stack_agrees_with_the_metadata_of_its_parts(stack: Stack) -> None:
    for distribution in ("verl", "vllm", "tensordict"):
        version = stack.pins[distribution]
        release = MATRIX.release(distribution, version)
        assert release is not None
        assert satisfies(stack.python, release.python or "")
        for companion, specifier in release.requires.items():
            if companion in stack.pins:
                assert satisfies(stack.pins[companion], specifier), (distribution, companion)


@pytest.mark.parametrize("stack", MATRIX.stacks(), ids=lambda stack: stack.name)
def test_a_stack_agrees_with_gate_and_build(stack: Stack) -> None:
    gate, build = MATRIX.gate(stack.pins["verl"]), MATRIX.torch_build(stack.pins["torch"])
    assert gate
    assert build
    assert satisfies(stack.pins["vllm"], gate.vllm)
    assert build.cuda == stack.cuda
    minimum = MATRIX.driver_minimum(stack.cuda)
    assert minimum
    assert minimum.driver == stack.min_driver


def test_each_verl_has_one_first_choice() -> None:
    first = [stack.pins["verl"] for stack in MATRIX.stacks() if stack.rank == 1]
    assert len(first) == len(set(first))
    assert set(first) == {stack.pins["verl"] for stack in MATRIX.stacks()}


@pytest.mark.parametrize("stack", MATRIX.stacks(), ids=lambda stack: stack.name)
def test_a_resolver_agrees_with_what_a_stack_promises(stack: Stack) -> None:
    today = {proof.python: proof for proof in MATRIX.proofs(stack.name) if proof.index == "today"}
    assert set(today) == {"3.10", "3.11", "3.12", "3.13"}
    assert stack.python in today
    for python, proof in today.items():
        assert (proof.refusal is None) is satisfies(python, stack.pythons), (python, proof.refusal)


@pytest.mark.parametrize("stack", MATRIX.stacks(), ids=lambda stack: stack.name)
def test_no_known_break_is_in_a_stack(stack: Stack) -> None:
    assert [answer.text for answer in clashes(stack.pins, MATRIX)] == []


def test_every_verl_since_0_2_has_a_stack() -> None:
    has = {stack.pins["verl"] for stack in MATRIX.stacks()}
    assert set(MATRIX.releases("verl")) - has == {"0.1", "0.8.0.dev0"}


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_every_python_has_a_stack(python: str) -> None:
    assert MATRIX.best_stack(python=python)
