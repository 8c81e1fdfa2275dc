"""From machine and wish to ranked stacks with reasons."""

from __future__ import annotations

import pytest

from tests.matrix.small import matrix_of
from verl_doctor.matrix.load import load
from verl_doctor.matrix.machine import Machine
from verl_doctor.recommend.recommend import Recommendation, recommend
from verl_doctor.recommend.wish import read

MATRIX = load()
H100 = (("H100", "9.0"),)
OLD = Machine(driver="550.54.15", gpus=H100, python="3.10")


def advice(machine: Machine, **asked: str) -> Recommendation:
    return recommend(machine, read(asked, MATRIX), MATRIX)


@pytest.mark.parametrize(
    ("machine", "asked", "expected"),
    [
        pytest.param(Machine(driver="580.159.04", gpus=H100), {}, "verl-0.9.1-vllm-0.24.0", id="a new driver"),
        pytest.param(OLD, {}, "verl-0.8.0-vllm-0.12.0", id="a driver of CUDA 12: vouched for first"),
        pytest.param(OLD, {"verl": "0.9.1"}, "verl-0.9.1-vllm-0.19.1", id="the wish goes before"),
        pytest.param(OLD, {"verl": "0.5.0"}, "verl-0.5.0-vllm-0.8.5.post1", id="its first choice"),
        pytest.param(OLD, {"verl": "0.5.0", "vllm": "0.9.1"}, "verl-0.5.0-vllm-0.9.1", id="its second, as asked"),
        pytest.param(OLD, {"verl": "0.5.0", "torch": "2.7"}, "verl-0.5.0-vllm-0.9.1", id="by torch"),
        pytest.param(OLD, {"verl": "0.4", "vllm": "0.7.3"}, "verl-0.4.1-vllm-0.8.5.post1", id="a pair that is wrong"),
        pytest.param(OLD, {"vllm": "0.10.0"}, "verl-0.6.0-vllm-0.10.0", id="vLLM alone"),
        pytest.param(Machine(gpus=(("B200", "10.0"),), cuda="12.8"), {}, "verl-0.8.0-vllm-0.12.0", id="Blackwell"),
        pytest.param(Machine(python="3.13"), {}, "verl-0.9.0-vllm-0.24.0", id="Python 3.13"),
    ],
)
def test_first_choice(machine: Machine, asked: dict[str, str], expected: str) -> None:
    found = advice(machine, **asked)
    assert found.stacks[0].stack.name == expected
    best = MATRIX.best_stack(
        verl=found.wish.get("verl"),
        vllm=found.wish.get("vllm"),
        torch=found.wish.get("torch"),
        python=machine.python,
        driver=machine.driver,
        gpus=machine.gpus,
    )
    assert machine.cuda or (best and best.name == expected), "the cures of check say something else"


def test_what_does_not_fit_says_why() -> None:
    found = advice(OLD)
    unfit = {each.stack.name: each.reasons for each in found.unfit}
    assert unfit.keys() == {"verl-0.9.0-vllm-0.24.0", "verl-0.9.1-vllm-0.24.0"}
    assert all("driver 550.54.15 is too old" in reasons[0] for reasons in unfit.values())
    assert len(found.stacks) + len(unfit) == len(MATRIX.stacks())


def test_no_stack_runs_with_a_driver_of_cuda_11() -> None:
    found = advice(Machine(driver="470.82.01"))
    assert (found.stacks, found.instead) == ((), None)
    assert len(found.unfit) == len(MATRIX.stacks())


def test_a_wish_that_does_not_run_here_gets_another_stack() -> None:
    found = advice(Machine(driver="580.159.04", gpus=(("B200", "10.0"),)), verl="0.5.0")
    assert found.stacks == ()
    assert found.instead
    assert found.instead.name == "verl-0.9.1-vllm-0.24.0"
    assert {each.stack.pins["verl"] for each in found.unfit} == {"0.5.0"}


def test_a_python_of_no_stack_gets_another_one() -> None:
    found = advice(Machine(driver="580.159.04", python="3.14.0"))
    assert found.stacks == ()
    assert found.instead
    assert found.instead.name == "verl-0.9.1-vllm-0.24.0"


def test_an_unknown_verl() -> None:
    found = advice(OLD, verl="0.99.0")
    assert (found.stacks, found.unfit) == ((), ())
    assert found.instead
    assert found.instead.name == "verl-0.8.0-vllm-0.12.0"
    assert "in no row" in found.answers[0].text


def test_reasons() -> None:
    (first, *_) = advice(OLD, verl="0.7.0", vllm="0.11.0").stacks
    why = "\n".join(first.why)
    for said in (
        "has what you asked for: verl 0.7.0",
        "vLLM 0.12.0 instead of 0.11.0",
        "a container image of verl for this release has vLLM 0.12.0",
        "its pins resolve together for Python 3.10",
        "driver 550.54.15 is older than that of CUDA 12.8 (570.26), but runs it through minor-version compatibility",
        "torch 2.9.0 holds code for H100",
        "harmony-vocab-offline",
    ):
        assert said in why


@pytest.mark.parametrize(
    ("machine", "said"),
    [
        pytest.param(Machine(), ["not judged: the driver; it must be 580.65.06", "not judged: the GPU"], id="nothing"),
        pytest.param(Machine(cuda="13.0"), ["a driver that supports CUDA 13.0 runs CUDA 13.0"], id="cuda"),
        pytest.param(Machine(driver="580.159.04"), ["driver 580.159.04 runs CUDA 13.0"], id="driver"),
    ],
)
def test_what_is_not_known_is_said(machine: Machine, said: list[str]) -> None:
    (first, *_) = advice(machine).stacks
    assert [words for words in said if words not in "\n".join(first.why)] == []


def test_evidence_has_kind_date_and_place() -> None:
    (first, *_) = advice(Machine(driver="580.159.04")).stacks
    assert [evidence.by for evidence in first.verified] == ["measured", "metadata", "resolved"]
    assert all(evidence.date and evidence.reference for evidence in first.verified)
    assert "H200" in first.verified[0].reference


def test_every_stack_is_recommended_to_whom_it_is_for() -> None:
    assert {found.stack.name for found in advice(Machine()).stacks} == {stack.name for stack in MATRIX.stacks()}


def test_an_untried_python_is_said() -> None:
    matrix = matrix_of()
    (proven,) = recommend(Machine(), {}, matrix).stacks
    (untried,) = recommend(Machine(python="3.11"), {}, matrix).stacks
    assert "its pins resolve together for Python 3.10 (tried on 2026-11-26)" in proven.why
    assert "whether its pins resolve for Python 3.11 was not tried" in untried.why
    assert [evidence.by for evidence in untried.verified] == ["metadata", "measured"]


def test_a_gpu_that_vllm_does_not_run_on_gets_no_stack() -> None:
    found = advice(Machine(driver="580.159.04", gpus=(("P100", "6.0"),)))
    assert found.stacks == ()
    assert all("vLLM needs compute capability 7.0 or newer, P100 has 6.0" in each.reasons for each in found.unfit)


@pytest.mark.parametrize(
    ("gpus", "is_left_out"),
    [
        pytest.param((("V100", "7.0"),), True, id="V100"),
        pytest.param((("T4", "7.5"),), True, id="T4"),
        pytest.param((("A100", "8.0"), ("T4", "7.5")), True, id="one of two"),
        pytest.param((("A100", "8.0"),), False, id="A100"),
        pytest.param((), False, id="unknown"),
    ],
)
def test_a_gpu_before_ampere_gets_no_flash_attn(gpus: tuple[tuple[str, str], ...], is_left_out: bool) -> None:
    first = advice(Machine(driver="580.159.04", gpus=gpus)).stacks[0]
    assert (first.flash_attn is None) is is_left_out
    assert ("flash-attn" not in " ".join(first.commands.uv)) is is_left_out
    assert any("has no bfloat16" in reason for reason in first.why) is is_left_out


@pytest.mark.parametrize(
    ("driver", "cuda", "said"),
    [
        pytest.param(
            "580.159.04", "12.4", "supports CUDA 13.0, --cuda says 12.4: the lower counts, CUDA 12.4", id="cuda"
        ),
        pytest.param("550.54.15", "13.0", "driver 550.54.15 is too old for the CUDA 13.0 of --cuda", id="driver"),
        pytest.param("550.54.15", "12.8", "driver 550.54.15 is too old for the CUDA 12.8", id="driver-by-minor"),
        pytest.param("550.54.15", "12.4", None, id="agree"),
        pytest.param("535.183.01", "12.2", None, id="agree-as-far-as-is-known"),
        pytest.param("600.1", "14.0", None, id="newer-than-the-matrix"),
        pytest.param("470.82.01", None, None, id="driver-alone"),
    ],
)
def test_of_driver_and_cuda_the_lower_counts(driver: str, cuda: str | None, said: str | None) -> None:
    found = advice(Machine(driver=driver, cuda=cuda))
    assert [said in answer.text for answer in found.answers if said] == ([True] if said else [])
    assert said or not found.answers
    newest = min((v for v in (cuda, "13.0" if driver >= "580" else "12.0") if v), key=float)
    assert all(float(each.stack.cuda) < int(float(newest)) + 1 for each in found.stacks)
