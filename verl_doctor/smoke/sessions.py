"""Which children run which probes: those that can share an engine share a child, a layout has one child a rank."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from verl_doctor.errors import UsageError


class Device(str, Enum):
    """Where the model runs."""

    CUDA = "cuda"
    CPU = "cpu"


class Level(str, Enum):
    """How much is tried."""

    QUICK = "quick"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Probes for one child, or for one child on each of `ranks` GPUs; `eager` for an engine without CUDA graphs.

    `model` is the folder of the user's own model; None for the known-answer model.
    """

    probes: tuple[str, ...]
    ranks: int = 1
    eager: bool = False
    model: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The sessions to run, and the probes that cannot run here, with the reason."""

    sessions: tuple[Session, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be tried: at a level, on a node that shows so many GPUs; `only` these probes, all without any.

    `memory` is the part of a GPU's memory that an engine takes. `bench` also times a batch with and without graphs.
    """

    level: Level = Level.QUICK
    device: Device = Device.CUDA
    gpus: int = 1
    memory: float | None = None
    model: Path | None = None
    bench: bool = False
    only: Collection[str] = ()

    @property
    def settings(self) -> dict[str, Any]:
        """How engines start, where it is not as usual."""
        default = LARGE if self.model or self.bench else SMALL
        return {"memory": default if self.memory is None else self.memory}


SMALL, LARGE = 0.2, 0.5
"""The part of a GPU's memory that an engine takes: for the known-answer model, and for a model of billions."""
ENGINE = ("bin-checkpoint", "rollout", "cuda-graphs", "sampling", "sleep", "weight-sync", "tensordict-batch")
"""The probes that share the engine which the first of them starts."""
FIRST = ("import-vllm", "arithmetic", *ENGINE)
LAYOUTS = ("world-larger-than-engine", "one-gpu-per-rank")
BENCH = ("throughput", "eager-throughput")
ROLLOUTS = frozenset({*ENGINE, "eager-rollout", *LAYOUTS})
"""The probes of which each that passes has seen right answers."""
_KNOWN_ANSWER_ONLY = ("bin-checkpoint", *LAYOUTS)


def plan(request: Request) -> Plan:
    """Return what to run, and what cannot be run. Raises UsageError for the name of a probe that is not among them."""
    skipped: dict[str, str] = {}
    sessions = [Session(probes=FIRST)]
    if request.level is Level.FULL:
        sessions = [Session(probes=(*FIRST, "flash-attention")), Session(probes=("eager-rollout",), eager=True)]
        ranks = request.gpus if request.device is Device.CUDA else 2
        if ranks > 1:
            sessions += [Session(probes=("all-reduce",), ranks=ranks)]
            sessions += [Session(probes=(name,), ranks=2) for name in LAYOUTS]
        else:
            skipped = dict.fromkeys(("all-reduce", *LAYOUTS), "it needs two GPUs, and one is visible")
    if request.bench:
        sessions += [Session(probes=BENCH[:1]), Session(probes=BENCH[1:], eager=True)]
    if request.model:
        skipped |= dict.fromkeys(_in(sessions, _KNOWN_ANSWER_ONLY), "it is tried with the known-answer model only")
    names = [*_in(sessions), *skipped]
    if unknown := [name for name in request.only if name not in names]:
        raise UsageError(
            f"There is no probe {', '.join(unknown)} at level {request.level.value}; it has {', '.join(names)}."
        )
    wanted = set(request.only or names)
    kept = [replace(s, probes=tuple(n for n in s.probes if n in wanted - skipped.keys())) for s in sessions]
    return Plan(
        sessions=tuple(replace(s, model=request.model, settings=request.settings) for s in kept if s.probes),
        skipped={name: reason for name, reason in skipped.items() if name in wanted},
    )


def _in(sessions: Collection[Session], names: Collection[str] | None = None) -> list[str]:
    """Return the probes of sessions; those of some names."""
    return [n for session in sessions for n in session.probes if names is None or n in names]
