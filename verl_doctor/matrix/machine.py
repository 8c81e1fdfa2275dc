"""What a machine can run: the reasons that speak against a stack on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from verl_doctor.matrix.gpu_code import runs_on
from verl_doctor.matrix.rows import Maker, Stack
from verl_doctor.matrix.specifiers import satisfies

if TYPE_CHECKING:
    from verl_doctor.matrix.matrix import Matrix


OLDEST_FOR_VLLM: Final = "7.0"
OLDEST_FOR_BFLOAT16: Final = "8.0"
"""Also the oldest for flash-attn 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """An accelerator that is not NVIDIA's."""

    name: str
    maker: Maker


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What decides whether a stack runs: each field is None, or empty, where it is not known.

    `cuda` is the newest CUDA that the driver supports ("12.4"), `gpus` pairs of name and compute capability
    ("9.0"), `processor` as in "x86_64", `glibc` as in "2.39", `accelerator` what it has instead of NVIDIA's GPUs.
    """

    python: str | None = None
    driver: str | None = None
    cuda: str | None = None
    gpus: tuple[tuple[str, str], ...] = ()
    processor: str | None = None
    glibc: str | None = None
    accelerator: Accelerator | None = None


def obstacles(stack: Stack, machine: Machine, matrix: Matrix) -> Iterator[str]:
    """Yield each reason why a stack cannot run on a machine; what is not known speaks against nothing."""
    if other := machine.accelerator:
        yield f"its wheels are for NVIDIA's GPUs, {other.name} is made by {other.maker.name}"
        return
    if machine.processor not in {None, "x86_64", "AMD64"}:
        yield f"its wheels are for x86-64, this machine is {machine.processor}"
    if machine.python and satisfies(machine.python, stack.pythons) is False:
        yield f"it cannot be installed on Python {machine.python}, only on {stack.pythons}"
    if machine.glibc and satisfies(machine.glibc, f">={stack.glibc}") is False:
        yield f"its wheels need glibc {stack.glibc} or newer, this machine has {machine.glibc}"
    if machine.driver and satisfies(machine.driver, f">={stack.min_driver}") is False:
        yield (
            f"its torch is built for CUDA {stack.cuda}, which needs driver {stack.min_driver} or newer; "
            f"driver {machine.driver} is too old"
        )
    if machine.cuda and satisfies(machine.cuda, f">={stack.cuda.partition('.')[0]}") is False:
        yield f"its torch is built for CUDA {stack.cuda}, this driver supports CUDA up to {machine.cuda}"
    build = matrix.torch_build(stack.pins["torch"])
    for name, capability in machine.gpus:
        if satisfies(capability, f"<{OLDEST_FOR_VLLM}"):
            yield f"vLLM needs compute capability {OLDEST_FOR_VLLM} or newer, {name} has {capability}"
        elif build and not any(runs_on(arch, capability) for arch in build.archs):
            yield f"torch {build.version} holds no code for {name} (compute capability {capability})"
