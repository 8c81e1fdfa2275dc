"""What a smoke test says as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from verl_doctor.facts.patches import PatchState
from verl_doctor.model import Verdict
from verl_doctor.smoke.run import ProbeResult
from verl_doctor.smoke.sessions import BENCH, ROLLOUTS, Device, Level


@dataclass(frozen=True, kw_only=True)
class SmokeTest:
    """The results of all probes, and the state of the patches in the environment that was tried."""

    level: Level
    device: Device
    model: Path | None = None
    results: tuple[ProbeResult, ...]
    patches: Mapping[str, PatchState]
    seconds: float

    @cached_property
    def verdict(self) -> Verdict:
        """Broken where a probe failed; unknown where no right answers were seen; else healthy."""
        if any(result.outcome == "failed" for result in self.results):
            return Verdict.BROKEN
        is_seen = any(result.name in ROLLOUTS and result.outcome == "passed" for result in self.results)
        return Verdict.HEALTHY if is_seen else Verdict.UNKNOWN

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 a failed probe, 3 nothing was seen."""
        return {Verdict.HEALTHY: 0, Verdict.BROKEN: 1}.get(self.verdict, 3)

    def gain(self, graphs: str, eager: str) -> float | None:
        """How many times faster a probe with CUDA graphs is than one without; None where not both were measured."""
        speeds = {r.name: r.measurements.get("tokens_per_second") for r in self.results if r.outcome == "passed"}
        fast, slow = speeds.get(graphs), speeds.get(eager)
        return round(fast / slow, 2) if fast and slow else None

    @property
    def decoding_gain(self) -> float | None:
        """The gain for one sequence."""
        return self.gain("cuda-graphs", "eager-rollout")

    @property
    def bench_gain(self) -> float | None:
        """The gain for a batch of rollouts."""
        return self.gain(*BENCH)

    def missing(self, result: ProbeResult) -> tuple[PatchState, ...]:
        """Return the patches that are to be applied here and without which a probe fails that did fail."""
        states = (self.patches.get(name) for name in result.proves if result.outcome == "failed")
        return tuple(state for state in states if state and state.state == "applicable")

    def proof(self, patch: str) -> str:
        """Say whether the probe that needs a patch ran and passed: proved, refuted or not tried."""
        outcomes = {result.outcome for result in self.results if patch in result.proves}
        return "refuted" if "failed" in outcomes else "proved" if "passed" in outcomes else "not tried"
