"""Which children run which probes: those that can share an engine share a child, a layout has one child a rank."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
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
"""The probes that share the engine which the first of them starts."""
FIRST = ("import-vllm", "arithmetic", *ENGINE)
LAYOUTS = ("world-larger-than-engine", "one-gpu-per-rank")


def plan(level: Level, device: Device, gpus: int, settings: Mapping[str, Any], only: Collection[str] = ()) -> Plan:
    """Return what to run at a level on a node that shows so many GPUs; `only` the probes of these names, all without.

    Raises UsageError for a name that the level does not have.
    """
    sessions = [Session(probes=FIRST, settings=settings)]
    skipped: dict[str, str] = {}
    if level is Level.FULL:
        sessions[0] = Session(probes=(*FIRST, "flash-attention"), settings=settings)
        sessions += [Session(probes=("eager-rollout",), eager=True, settings=settings)]
        ranks = gpus if device is Device.CUDA else 2
        if ranks > 1:
            sessions += [Session(probes=("all-reduce",), ranks=ranks, settings=settings)]
            sessions += [Session(probes=(name,), ranks=2, settings=settings) for name in LAYOUTS]
        else:
            skipped = dict.fromkeys(("all-reduce", *LAYOUTS), "it needs two GPUs, and one is visible")
    known = [*(name for session in sessions for name in session.probes), *skipped]
    if unknown := [name for name in only if name not in known]:
        raise UsageError(f"There is no probe {', '.join(unknown)} at level {level.value}; it has {', '.join(known)}.")
    return _only(Plan(sessions=tuple(sessions), skipped=skipped), only or known)


def _only(whole: Plan, names: Collection[str]) -> Plan:
    kept = [replace(session, probes=tuple(n for n in session.probes if n in names)) for session in whole.sessions]
    return Plan(
        sessions=tuple(session for session in kept if session.probes),
        skipped={name: reason for name, reason in whole.skipped.items() if name in names},
    )
