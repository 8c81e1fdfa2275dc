"""What speaks against a stack on a machine."""

from __future__ import annotations

import pytest

from verl_doctor.matrix.load import load
from verl_doctor.matrix.machine import Machine, obstacles

MATRIX = load()
CUDA12, CUDA13 = "verl-0.9.1-vllm-0.19.1", "verl-0.9.1-vllm-0.24.0"


@pytest.mark.parametrize(
    ("name", "machine", "said"),
    [
        pytest.param(CUDA13, Machine(), None, id="nothing known"),
        pytest.param(CUDA13, Machine(driver="580.65.06"), None, id="the oldest driver for CUDA 13"),
        pytest.param(CUDA13, Machine(driver="570.26"), "needs driver 580.65.06 or newer", id="an older one"),
        pytest.param(CUDA12, Machine(driver="525.60.13"), None, id="minor-version compatibility"),
        pytest.param(CUDA12, Machine(driver="470.82.01"), "driver 470.82.01 is too old", id="a driver of CUDA 11"),
        pytest.param(CUDA12, Machine(cuda="12.0"), None, id="CUDA 12.0 runs 12.8"),
        pytest.param(CUDA12, Machine(cuda="13.0"), None, id="CUDA 13 runs 12"),
        pytest.param(CUDA13, Machine(cuda="12.9"), "supports CUDA up to 12.9", id="CUDA 12 does not run 13"),
        pytest.param(CUDA13, Machine(gpus=(("H100", "9.0"),)), None, id="a GPU it has code for"),
        pytest.param(CUDA13, Machine(gpus=(("B300", "10.3"),)), None, id="a later one of the same generation"),
        pytest.param(CUDA13, Machine(gpus=(("V100", "7.0"),)), "no code for V100", id="a dropped generation"),
        pytest.param(
            CUDA13, Machine(gpus=(("H100", "9.0"), ("V100", "7.0"))), "no code for V100", id="one of two kinds"
        ),
        pytest.param(CUDA13, Machine(python="3.13"), "cannot be installed on Python 3.13", id="a Python without it"),
        pytest.param(CUDA12, Machine(glibc="2.28"), "need glibc 2.31 or newer", id="an old C library"),
        pytest.param(CUDA12, Machine(processor="aarch64"), "this machine is aarch64", id="another processor"),
        pytest.param(CUDA12, Machine(processor="x86_64"), None, id="the processor"),
    ],
)
def test_obstacles(name: str, machine: Machine, said: str | None) -> None:
    stack = next(stack for stack in MATRIX.stacks() if stack.name == name)
    found = list(obstacles(stack, machine, MATRIX))
    assert len(found) == (0 if said is None else 1)
    assert said is None or said in found[0]
