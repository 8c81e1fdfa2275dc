"""Cures that several checks offer: a recommended stack, as far as it concerns what is missing or does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Final

from verl_doctor.companions import WITH_TORCH, companions, kept
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.gpus import kinds
from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.python import Python
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.matrix import Matrix, Stack
from verl_doctor.matrix.specifiers import exact, satisfies
from verl_doctor.model import Finding, Remedy, Unavailable
from verl_doctor.target import Target

ESSENTIAL = ("torch", "vllm", "verl", "tensordict")
"""What every node that runs verl with vLLM needs, in the order in which they are missed."""

_SPELLED: Final = {"vllm": "vLLM"}


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


def install_missing(facts: Facts, matrix: Matrix, stacks: tuple[Stack | None, Stack | None], text: str) -> Remedy:
    """Return the remedy that installs every essential distribution that is not there, at versions that fit.

    `stacks` are the one that keeps what is installed, and the one that keeps verl alone. What an installed vLLM pins
    in its own metadata goes before what the stack says. Companions are pinned too: those of today break older releases.
    """
    stack, whole = stacks
    packages = {} if isinstance(facts.packages, Unavailable) else facts.packages
    missing = [name for name in ESSENTIAL if name not in packages]
    if stack is None and whole is not None:
        return _replacing(facts.target, packages, whole)
    if stack is None and matrix.stacks():
        other = matrix.best_stack(gpus=kinds(facts.gpus))
        return _in_another_python(other) if other else Remedy(text="No recommended stack runs on this node's GPU.")
    vllm = packages.get("vllm")
    own = matrix.requires("vllm", vllm.version) if vllm else None
    pinned = {name: version for name, specifier in (own or {}).items() if (version := exact(specifier))}
    pins = {**(stack.pins if stack else {}), **pinned}
    new = {name: pins[name] for name in missing if name in pins}
    if stack:
        new |= companions(facts, matrix, stack, new)
    words = (
        *(name for name in missing if name not in new),
        *(f"{name}=={version}" for name, version in new.items()),
        *kept(facts, matrix, new),
    )
    return Remedy(
        text=f"{text.rstrip('.')} ({_described(stack, vllm)})." if stack else text,
        commands=(" ".join((facts.target.installer, *(f"'{word}'" for word in words))),),
        pins=tuple(new.items()),
    )


def _described(stack: Stack, vllm: Distribution | None) -> str:
    """Return which stack the versions are from, and what is kept where that has another vLLM."""
    if vllm is None or satisfies(vllm.version, f"=={stack.pins['vllm']}") is not False:
        return f"stack {stack.name}"
    return f"vLLM {vllm.version} stays; the rest is from the stack {stack.name}"


def _replacing(target: Target, packages: Mapping[str, Distribution], stack: Stack) -> Remedy:
    """Return the remedy where no stack for this node keeps what is installed."""
    names = [f"{_SPELLED.get(name, name)} {packages[name].version}" for name in ("vllm", "torch") if name in packages]
    remedy = install(target, stack, stack.pins, "Install a whole stack instead")
    return replace(
        remedy,
        text=f"No recommended stack for this node has {' or '.join(names)}, which must be replaced. {remedy.text}",
    )


def _in_another_python(stack: Stack) -> Remedy:
    """Return the remedy where no stack is for this Python and driver.

    Left to itself an installer finds releases that are years old.
    """
    wanted = " ".join(f"'{name}=={version}'" for name, version in stack.pins.items())
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
    packages: Mapping[str, Distribution],
    facts: Facts,
    matrix: Matrix,
    stacks: tuple[Stack | None, Stack | None],
) -> Iterator[Finding]:
    """Yield a finding where an essential distribution is not installed.

    `stacks` are the one that keeps what is installed, and the one that keeps verl alone.
    """
    if name not in packages:
        yield Finding(
            message=f"{name} is not installed in {facts.target.prefix}.",
            remedy=install_missing(facts, matrix, stacks, "Install what is missing, at versions that fit."),
            evidence=tuple(f"no {name}-*.dist-info in {folder}" for folder in facts.target.search_path),
            about=frozenset({name}),
        )


def install_for_verl(target: Target, verl: Distribution, stack: Stack | None, otherwise: str = "") -> Remedy:
    """Return the remedy that installs the vLLM for an installed verl, with all that belongs to it; else this command.

    What is missing is installed, too: left to itself an installer takes releases of today.
    """
    text = f"Install the vLLM that verl {verl.version} was made for, with its torch"
    if stack is None:
        return Remedy(text=f"{text}.", commands=tuple(filter(None, (otherwise,))))
    return install(target, stack, [name for name in stack.pins if name != "verl"], f"{text} and companions")


def install(target: Target, stack: Stack, names: Iterable[str], text: str) -> Remedy:
    """Return the remedy that installs these distributions at the stack's versions."""
    pins = tuple((name, stack.pins[name]) for name in names)
    wanted = " ".join(f"'{name}=={version}'" for name, version in pins)
    return Remedy(
        text=f"{text.rstrip('.')} (stack {stack.name}).", commands=(f"{target.installer} {wanted}",), pins=pins
    )


def install_companions(facts: Facts, matrix: Matrix, stack: Stack | None, wanted: Mapping[str, str]) -> Remedy:
    """Return the remedy that installs these distributions, given as requirements by name, as the stack has them.

    What such distributions require of each other (transformers of peft, huggingface-hub of all) is in the stack too:
    where it is missing it is pinned beside them.
    """
    installed = {} if isinstance(facts.packages, Unavailable) else facts.packages
    fitting = companions(facts, matrix, stack, {}) if stack else {}
    beside = fitting.keys() - installed.keys() - WITH_TORCH - {*ESSENTIAL} if wanted.keys() & fitting.keys() else set()
    pins = {name: version for name, version in sorted(fitting.items()) if name in wanted or name in beside}
    words = {**wanted, **{name: f"{name}=={version}" for name, version in pins.items()}}
    ordered = [word for _, word in sorted(words.items())]
    return Remedy(
        text=f"Install what is missing, at versions that fit (stack {stack.name})."
        if stack and pins
        else "Install what is missing.",
        commands=(
            " ".join((facts.target.installer, *(f"'{word}'" for word in (*ordered, *kept(facts, matrix, pins))))),
        ),
        pins=tuple(pins.items()),
    )
