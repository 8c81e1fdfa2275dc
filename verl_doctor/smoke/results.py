"""What a smoke test tells while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from verl_doctor.facts import secrets
from verl_doctor.smoke.probes import PROBES

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Began:
    """A probe has begun."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """How a probe went. `detail` is what the failing rank printed or raised, for the reader and for known failures."""

    name: str
    outcome: Outcome
    seconds: float = 0.0
    measurements: Mapping[str, Any] = field(default_factory=dict)
    reason: str | None = None
    detail: str = ""

    @property
    def proves(self) -> tuple[str, ...]:
        """The patches without which this probe fails."""
        return PROBES[self.name].proves

    def without_secrets(self, environ: Mapping[str, str]) -> ProbeResult:
        """Return the same without what must not be told: what looks like it, and the secret variables of a child."""
        known = secrets.values(environ)
        reason = secrets.lines(self.reason, known) if self.reason else self.reason
        measurements = secrets.plain(self.measurements, known)
        return replace(self, reason=reason, detail=secrets.lines(self.detail, known), measurements=measurements)
