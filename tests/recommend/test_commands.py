"""The commands that install a stack."""

from __future__ import annotations

import shlex

import pytest
from packaging.requirements import Requirement

from verl_doctor.matrix.load import load
from verl_doctor.matrix.rows import Stack
from verl_doctor.recommend.commands import commands, constraints, requirements

STACKS = load().stacks()


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_every_command_is_whole(stack: Stack) -> None:
    found = commands(stack, "3.12", stack.flash_attn)
    for tool in (found.pip, found.uv, found.conda):
        making, installing, building = map(shlex.split, tool)
        assert "3.12" in " ".join(making)
        assert installing[installing.index("install") :][-len(requirements(stack)) :] == list(requirements(stack))
        assert building[-2:] == ["--no-build-isolation", f"flash-attn=={stack.flash_attn}"]


def test_docker() -> None:
    with_image = [stack for stack in STACKS if stack.image]
    assert len(with_image) >= 8
    for stack in with_image:
        (line,) = commands(stack, "3.12", None).docker
        words = shlex.split(line)
        assert words[:2] == ["docker", "run"]
        assert stack.image in words
        assert words[-1] == f"pip3 install --no-deps verl=={stack.pins['verl']} && exec bash"
    assert all(commands(stack, "3.12", None).docker == () for stack in STACKS if stack.image is None)


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_constraints_are_what_installers_read(stack: Stack) -> None:
    text = constraints(stack, "3.12", stack.flash_attn)
    assert text.endswith("\n")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = {(r := Requirement(line)).name: str(r.specifier) for line in lines}
    assert found == {name: f"=={v}" for name, v in {**stack.pins, "flash-attn": stack.flash_attn}.items()}


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack.name)
def test_without_flash_attn(stack: Stack) -> None:
    found = commands(stack, "3.12", None)
    assert all("flash-attn" not in command for tool in (found.pip, found.uv, found.conda) for command in tool)
    assert "flash-attn" not in constraints(stack, "3.12", None)
