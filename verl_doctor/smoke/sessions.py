"""Which children run which probes: those that can share an engine share a child, a launch layout has one child a rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


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
    """Probes for one child, or for one child on each of `ranks` GPUs; `eager` for an engine without CUDA graphs."""

    probes: tuple[str, ...]
    ranks: int = 1
    eager: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The sessions to run, and the probes that cannot run here, with the reason."""

    sessions: tuple[Session, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)


ENGINE = ("bin-checkpoint", "rollout", "cuda-graphs", "sampling", "sleep", "weight-sync", "tensordict-batch")
ALONE = ("import-vllm", "arithmetic")
RANKS = ("all-reduce", "world-larger-than-engine", "one-gpu-per-rank")


def plan(level: Level, device: Device, gpus: int, settings: Mapping[str, Any]) -> Plan:
    """Return what to run at a level on a node that shows so many GPUs."""
    first = Session(probes=(*ALONE, *ENGINE), settings=settings)
    if level is Level.QUICK:
        return Plan(sessions=(first,))
    if device is Device.CPU:
        return Plan(sessions=(first,), skipped=dict.fromkeys((*RANKS, "flash-attention"), "it needs GPUs"))
    sessions = [
        Session(probes=(*first.probes, "flash-attention"), settings=settings),
        Session(probes=("eager-rollout",), eager=True, settings=settings),
    ]
    if gpus < 2:  # noqa: PLR2004 # a layout has at least two ranks
        return Plan(sessions=tuple(sessions), skipped=dict.fromkeys(RANKS, f"it needs two GPUs, and {gpus} is visible"))
    sessions += [
        Session(probes=("all-reduce",), ranks=gpus, settings=settings),
        *(Session(probes=(name,), ranks=2, settings=settings) for name in RANKS[1:]),
    ]
    return Plan(sessions=tuple(sessions))


def names(sessions: Sequence[Session]) -> tuple[str, ...]:
    """Return the probes of some sessions, in order."""
    return tuple(name for session in sessions for name in session.probes)
