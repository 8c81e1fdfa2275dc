"""Cures that several checks offer: a recommended stack, as far as it concerns what is missing or does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from verl_doctor.facts.driver import Driver
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.matrix.specifiers import exact
from verl_doctor.model import Remedy, Unavailable
from verl_doctor.target import Target

ESSENTIAL = ("torch", "vllm", "verl", "tensordict")
"""What every node that runs verl with vLLM needs, in the order in which they are missed."""


def fitting_stack(
    matrix: Matrix,
    packages: Mapping[str, Distribution],
    python: Python | Unavailable,
    driver: Driver | Unavailable,
) -> Stack | None:
    """Return the recommended stack that keeps what is already installed, and that this driver can run."""
    version = {name: packages[name].version for name in ESSENTIAL if name in packages}
    return matrix.best_stack(
        verl=version.get("verl"),
        vllm=version.get("vllm"),
        torch=version.get("torch"),
        python=None if isinstance(python, Unavailable) else python.version,
        driver=None if isinstance(driver, Unavailable) else driver.version,
    )


def install_missing(
    target: Target, packages: Mapping[str, Distribution], matrix: Matrix, stack: Stack | None, text: str
) -> Remedy:
    """Return the remedy that installs every essential distribution that is not there, at versions that fit.

    What an installed vLLM pins in its own metadata goes before what the stack says.
    """
    missing = [name for name in ESSENTIAL if name not in packages]
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


def install(target: Target, stack: Stack, names: Iterable[str], text: str) -> Remedy:
    """Return the remedy that installs these distributions at the stack's versions."""
    pins = tuple((name, stack.pins[name]) for name in names)
    wanted = " ".join(f"'{name}=={version}'" for name, version in pins)
    return Remedy(
        text=f"{text.rstrip('.')} (stack {stack.name}).", commands=(f"{target.installer} {wanted}",), pins=pins
    )
