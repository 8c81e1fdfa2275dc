"""What a policy expects of a node; no collector finds this, it is put beside the facts where there is a policy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """An exception whose last day (ISO) is over: the check counts in full again."""

    check: str
    severity: str
    reason: str | None
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must be the case; None and () where the policy says nothing. `origin` is the policy's file.

    `gpu` is a pattern for names of GPUs (`*` for any letters), `driver` a version specifier, `versions` pairs of a
    distribution's normalised name (or "python") and a specifier, `patches` the names that must be applied where their
    bug is, `lapsed` the exceptions that have expired.
    """

    origin: str
    gpus: int | None = None
    gpu: str | None = None
    driver: str | None = None
    versions: tuple[tuple[str, str], ...] = ()
    patches: tuple[str, ...] = ()
    lapsed: tuple[Lapsed, ...] = ()
