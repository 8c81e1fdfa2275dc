"""The commands that install a stack, for each tool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from verl_doctor.matrix.rows import Stack

ENVIRONMENT: Final = "verl-env"
BUILD_TOOLS: Final = ("ninja", "wheel")
"""What flash-attn's own setup needs where no wheel of it is found; its source wants them installed before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The commands of each tool, in order; none where a tool has nothing to offer."""

    pip: tuple[str, ...]
    uv: tuple[str, ...]
    conda: tuple[str, ...]
    docker: tuple[str, ...]


def commands(stack: Stack, python: str, flash_attn: str | None) -> Commands:
    """Return the commands that make an environment of this stack for a Python ("3.12"), with a flash-attn or none."""
    interpreter = f"{ENVIRONMENT}/bin/python"
    return Commands(
        pip=(f"python{python} -m venv {ENVIRONMENT}", *_installing(stack, flash_attn, f"{interpreter} -m pip install")),
        uv=(
            f"uv venv --python {python} {ENVIRONMENT}",
            *_installing(stack, flash_attn, f"uv pip install --python {interpreter}"),
        ),
        conda=(
            f"conda create --yes --name {ENVIRONMENT} python={python} pip",
            *_installing(
                stack, flash_attn, f"conda run --no-capture-output --name {ENVIRONMENT} python -m pip install"
            ),
        ),
        docker=_docker(stack),
    )


def requirements(stack: Stack) -> tuple[str, ...]:
    """Return what is installed in one go: the pins, and what flash-attn is then built with."""
    return (*(f"{name}=={version}" for name, version in stack.pins.items()), *BUILD_TOOLS)


def constraints(stack: Stack, python: str, flash_attn: str | None) -> str:
    """Return the stack as a constraints file for pip and uv."""
    lines = [
        f"# The stack {stack.name} of verl-doctor, for Python {python} on Linux x86-64 (CUDA {stack.cuda}).",
        f"# pip install -c THIS_FILE {' '.join((*stack.pins, *BUILD_TOOLS))}",
        *(f"{name}=={version}" for name, version in stack.pins.items()),
    ]
    if flash_attn:
        hint = "(afterwards: it is built with the torch above)"
        lines.insert(2, f"# pip install -c THIS_FILE --no-build-isolation flash-attn   {hint}")
        lines.append(f"flash-attn=={flash_attn}")
    return "\n".join(lines) + "\n"


def _installing(stack: Stack, flash_attn: str | None, installer: str) -> tuple[str, ...]:
    wanted = " ".join(f"'{requirement}'" for requirement in requirements(stack))
    built = (f"{installer} --no-build-isolation 'flash-attn=={flash_attn}'",) if flash_attn else ()
    return f"{installer} {wanted}", *built


def _docker(stack: Stack) -> tuple[str, ...]:
    """Return how to start verl's image, which holds everything but verl itself."""
    if stack.image is None:
        return ()
    inside = f"pip3 install --no-deps verl=={stack.pins['verl']} && exec bash"
    options = '-it --rm --gpus all --net=host --ipc=host -v "$PWD":/workspace'
    return (f"docker run {options} {stack.image} bash -c '{inside}'",)
