"""Conditions, patterns and placeholders in words."""

from __future__ import annotations

from typing import Any

import pytest

from verl_doctor.explain import words
from verl_doctor.knowledge.cures import Cure
from verl_doctor.knowledge.judgement import Condition


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        pytest.param({"vllm": ">=0.7.0,<0.8"}, ["vLLM is 0.7.0 or newer and before 0.8"], id="range"),
        pytest.param({"torch": "==2.6.0"}, ["torch is 2.6.0"], id="one-release"),
        pytest.param(
            {"torch": "!=2.6.0,>2.5,<=2.9"}, ["torch is not 2.6.0 and newer than 2.5 and 2.9 or older"], id="all"
        ),
        pytest.param(
            {"verl": "present", "trl": "absent"}, ["verl is installed", "trl is not installed"], id="presence"
        ),
        pytest.param({"python": "<3.10"}, ["Python is before 3.10"], id="python"),
        pytest.param({"driver": ">=580"}, ["NVIDIA driver is 580 or newer"], id="driver"),
        pytest.param({"env": {"A": "^1$", "B": "absent"}}, ["A is 1", "B is not set"], id="variables"),
        pytest.param({"env": {"A": ".", "B": "present"}}, ["A is set", "B is set"], id="set"),
        pytest.param({"env": {"A": "(GPU|MIG)-"}}, ["A matches (GPU|MIG)-"], id="pattern"),
        pytest.param({"env-differ": ["A", "B"]}, ["A and B differ"], id="differ"),
        pytest.param({"machine": "aarch64"}, ["the processor is aarch64"], id="machine"),
        pytest.param({"flavour": "cuda"}, ["torch is a build for CUDA"], id="cuda"),
        pytest.param({"flavour": "rocm"}, ["torch is a build for ROCm"], id="rocm"),
        pytest.param({"patch": "cvd-uuid"}, ["the patch cvd-uuid is not applied"], id="patch"),
        pytest.param({"missing": "cc"}, ["there is no C compiler"], id="missing"),
        pytest.param({"limit": {"shm": "<10 GiB"}}, ["/dev/shm holds less than 10 GiB"], id="limit"),
    ],
)
def test_condition(stated: dict[str, Any], said: list[str]) -> None:
    assert list(words.condition(stated)) == said


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        pytest.param(r"No module named 'vllm\.worker'", "No module named 'vllm.worker'", id="escaped"),
        pytest.param(r"world_size \(\d+\) is not", "world_size (N) is not", id="number"),
        pytest.param(r"Numba needs NumPy [\d.]+ or less\. Got", "Numba needs NumPy N or less. Got", id="version"),
        pytest.param(r"shape '\[.*\]' is invalid", "shape '[...]' is invalid", id="anything"),
        pytest.param(r"name '(A|B)' from", "name '(A|B)' from", id="alternatives"),
        pytest.param(r"name '(?:A|B)' from", "name '(A|B)' from", id="alternatives without a group"),
        pytest.param(r"in use(?!\. Retrying)", "in use", id="what must not follow"),
        pytest.param(r"(?<!maybe )in use", "in use", id="what must not stand before"),
    ],
)
def test_signature(pattern: str, line: str) -> None:
    assert words.signature(pattern) == line


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        pytest.param(r"(?:^|/)vllm/worker\.py", "vllm/worker.py", id="a file"),
        pytest.param(r"^generate$", "generate", id="a function"),
    ],
)
def test_frame(pattern: str, place: str) -> None:
    assert words.frame(pattern) == place


@pytest.mark.parametrize(
    ("names", "said"),
    [
        pytest.param(("any",), "whatever else the log shows goes before it", id="any"),
        pytest.param(("a", "b"), "where the log also shows `a` or `b`", id="names"),
    ],
)
def test_follows(names: tuple[str, ...], said: str) -> None:
    assert said in words.follows(names)


def cure(text: str, *commands: str, **fields: Any) -> Cure:
    empty: dict[str, Any] = {"when": (), "pins": (), "stack": (), "upgrade": (), "patch": None}
    return Cure(**{**empty, **fields, "text": text, "commands": commands})


@pytest.mark.parametrize(
    ("written", "text", "commands"),
    [
        pytest.param(
            cure("The newest that verl {verl} allows.", "{install} {pins}", pins=(("tensordict", "0.6.2"),)),
            "The newest that verl allows.",
            ["pip install 'tensordict==0.6.2'"],
            id="pins",
        ),
        pytest.param(
            cure("Another ({pins}); or keep {vllm}.", "{install} {pins}", upgrade=(("vllm", "0.7.3"),)),
            "Another ('vllm==0.7.3'); or keep the installed vLLM.",
            ["pip install 'vllm==0.7.3'"],
            id="upgrade",
        ),
        pytest.param(
            cure("As in {stack}.", "{uninstall} x", "{install} {pins}", stack=("vllm", "torch")),
            "As in a recommended stack.",
            ["pip uninstall x", "pip install vllm==... torch==..."],
            id="stack",
        ),
        pytest.param(
            cure("x", "{install} 'nvidia-nccl-cu13=={nvidia-nccl-cu13}'", "apt install python{minor}-dev"),
            "x",
            ["pip install 'nvidia-nccl-cu13==VERSION'", "apt install python3.X-dev"],
            id="versions",
        ),
        pytest.param(
            cure("x", "verl-doctor patch --apply {target}", "{python} -c 1"),
            "x",
            ["verl-doctor patch --apply --python PATH", "python -c 1"],
            id="target",
        ),
    ],
)
def test_cure(written: Cure, text: str, commands: list[str]) -> None:
    assert words.cure(written) == (text, tuple(commands))


def test_circumstances_of_a_cure() -> None:
    before = (Condition((), {"verl": "<0.5"}), Condition((), {"verl": "==0.5.0"}))
    fits = "vLLM 0.8.0 or newer fits everything else that is installed"
    assert words.circumstances(cure("Do.")) == ()
    assert words.circumstances(cure("Do.", when=before)) == ("verl is before 0.5", "verl is 0.5.0")
    assert words.circumstances(cure("Do.", upgrade=(("vllm", "0.8.0"),))) == (fits,)
    assert words.circumstances(cure("Do.", when=before, upgrade=(("vllm", "0.8.0"),))) == (
        f"verl is before 0.5; {fits}",
        f"verl is 0.5.0; {fits}",
    )
    kept = "a recommended stack has the installed verl and vLLM and runs on this Python, driver and GPU"
    assert words.circumstances(cure("Do.", stack=("ray",))) == (kept,)
