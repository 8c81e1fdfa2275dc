"""Cures that several checks offer: a recommended stack, as far as it concerns what is missing or does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from verl_doctor.facts.driver import Driver
from verl_doctor.facts.gpus import kinds
from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.matrix.specifiers import exact
from verl_doctor.model import Finding, Remedy, Unavailable
from verl_doctor.target import Target

ESSENTIAL = ("torch", "vllm", "verl", "tensordict")
"""What every node that runs verl with vLLM needs, in the order in which they are missed."""


def fitting_stack(
    matrix: Matrix,
    packages: Mapping[str, Distribution],
    python: Python | Unavailable,
    driver: Driver | Unavailable,
    gpus: tuple[Gpu, ...] | Unavailable,
) -> Stack | None:
    """Return the recommended stack that keeps what is already installed, and that driver and GPUs can run."""
    version = {name: packages[name].version for name in ESSENTIAL if name in packages}
    return _best_stack(
        matrix,
        verl=version.get("verl"),
        vllm=version.get("vllm"),
        torch=version.get("torch"),
        python=None if isinstance(python, Unavailable) else python.version,
        driver=None if isinstance(driver, Unavailable) else driver.version,
        gpus=kinds(gpus),
    )


@cache
def _best_stack(matrix: Matrix, gpus: tuple[tuple[str, str], ...], **installed: str | None) -> Stack | None:
    """Return `matrix.best_stack`, looked up once for all the checks that may offer it."""
    return matrix.best_stack(gpus=gpus, **installed)


def install_missing(
    target: Target, packages: Mapping[str, Distribution], matrix: Matrix, stack: Stack | None, text: str
) -> Remedy:
    """Return the remedy that installs every essential distribution that is not there, at versions that fit.

    What an installed vLLM pins in its own metadata goes before what the stack says.
    """
    missing = [name for name in ESSENTIAL if name not in packages]
    if stack is None and (other := matrix.best_stack()):
        return _in_another_python(other)
    vllm = packages.get("vllm")
    own = matrix.requires("vllm", vllm.version) if vllm else None
    pinned = {name: version for name, specifier in (own or {}).items() if (version := exact(specifier))}
    pins = {**(stack.pins if stack else {}), **pinned}
    wanted = " ".join(f"'{name}=={pins[name]}'" if name in pins else name for name in missing)
    return Remedy(
        text=f"{text.rstrip('.')} (stack {stack.name})." if stack else text,
        commands=(f"{target.installer} {wanted}",),
        pins=tuple((name, pins[name]) for name in missing if name in pins),
    )


def _in_another_python(stack: Stack) -> Remedy:
    """Return the remedy where no stack is for this Python and driver.

    Left to itself an installer finds releases that are years old.
    """
    wanted = " ".join(f"'{name}=={stack.pins[name]}'" for name in ESSENTIAL)
    return Remedy(
        text=f"No recommended stack is for this Python, driver and GPU; make an environment for the stack {stack.name} "
        f"(Python {stack.python}, driver {stack.min_driver} or newer).",
        commands=(
            f"uv venv --python {stack.python} verl-env",
            f"uv pip install --python verl-env/bin/python {wanted}",
        ),
    )


def missing(
    name: str,
    target: Target,
    packages: Mapping[str, Distribution],
    matrix: Matrix,
    stack: Stack | None,
) -> Iterator[Finding]:
    """Yield a finding where an essential distribution is not installed."""
    if name not in packages:
        yield Finding(
            message=f"{name} is not installed in {target.prefix}.",
            remedy=install_missing(target, packages, matrix, stack, "Install what is missing, at versions that fit."),
            evidence=tuple(f"no {name}-*.dist-info in {folder}" for folder in target.search_path),
            about=frozenset({name}),
        )


def install_for_verl(
    target: Target, packages: Mapping[str, Distribution], verl: Distribution, stack: Stack | None, otherwise: str = ""
) -> Remedy:
    """Return the remedy that installs the vLLM for an installed verl, with its torch; else this command."""
    text = f"Install the vLLM that verl {verl.version} was made for, with its torch"
    if stack is None:
        return Remedy(text=f"{text}.", commands=tuple(filter(None, (otherwise,))))
    return install(target, stack, [name for name in stack.pins if name in packages and name != "verl"], text)


def install(target: Target, stack: Stack, names: Iterable[str], text: str) -> Remedy:
    """Return the remedy that installs these distributions at the stack's versions."""
    pins = tuple((name, stack.pins[name]) for name in names)
    wanted = " ".join(f"'{name}=={version}'" for name, version in pins)
    return Remedy(
        text=f"{text.rstrip('.')} (stack {stack.name}).", commands=(f"{target.installer} {wanted}",), pins=pins
    )
