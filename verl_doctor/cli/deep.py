"""The options of the commands that can also import what is installed, and how they do it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli import progress
from verl_doctor.cli.options import seconds
from verl_doctor.errors import TargetError, UsageError

if TYPE_CHECKING:
    from verl_doctor.facts.snapshot import Facts
    from verl_doctor.host import Host

Deep = Annotated[
    bool,
    typer.Option(
        "--deep",
        help="Also import torch, tensordict, flash-attn, vLLM, verl and its rollout, each in a process of its own "
        "with a deadline; and look for each module of torch, transformers and Ray.",
    ),
]
Deadline = Annotated[
    float | None,
    typer.Option(
        "--deadline",
        metavar="SECONDS",
        min=0.1,
        callback=seconds,
        help="With --deep: the time for each import, instead of 60 seconds, and 180 for vLLM and verl.",
    ),
]


def deep_options(deep: bool, deadline: float | None) -> tuple[str, ...]:
    """Return these options for a command line. Raises UsageError for a deadline of nothing."""
    if deadline is not None and not deep:
        raise UsageError("--deadline is for --deep.")
    return (*(("--deep",) if deep else ()), *(("--deadline", f"{deadline:g}") if deadline else ()))


def with_imports(facts: Facts, host: Host, deep: bool, deadline: float | None) -> Facts:
    """Return the facts with what the environment can import and which modules are gone, where that is wanted.

    Raises UsageError for a deadline of nothing, TargetError where there is nothing to run.
    """
    from verl_doctor.facts.damage import with_large
    from verl_doctor.facts.imports import collect
    from verl_doctor.facts.missing import MissingFactError
    from verl_doctor.model import Unavailable

    if not deep:
        if deadline is not None:
            raise UsageError("--deadline is for --deep.")
        return facts
    packages = {} if isinstance(facts.packages, Unavailable) else facts.packages
    damage = facts.damage if isinstance(facts.damage, Unavailable) else with_large(host, packages, facts.damage)
    try:
        return replace(
            facts,
            damage=damage,
            imports=collect(host, facts.target, packages, deadline, lambda name: progress.show(f"importing  {name}")),
        )
    except MissingFactError as error:
        raise TargetError(f"{error}.") from error
    finally:
        progress.show("")
