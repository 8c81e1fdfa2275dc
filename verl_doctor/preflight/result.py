"""What a preflight says as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from verl_doctor.examine import Report, failed
from verl_doctor.facts.patches import PatchState
from verl_doctor.model import Result, Severity, Verdict
from verl_doctor.preflight.policy import Policy
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.results import ProbeResult

_WORST_FIRST = (Verdict.BROKEN, Verdict.UNKNOWN, Verdict.DEGRADED, Verdict.HEALTHY)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotTried:
    """Why there was no smoke test; one that was wanted and could not be leaves the answer open."""

    reason: str
    is_wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why no patch was applied, and the exit code of that."""

    reason: str
    exit_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Patching:
    """The states of all patches at the end, and what was done: the files that changed, or why none could."""

    states: Mapping[str, PatchState]
    is_asked: bool = False
    changed: tuple[str, ...] = ()
    refusal: Refusal | None = None

    def in_state(self, state: str) -> tuple[str, ...]:
        """Return the patches in a state; those that are to be applied without those that are only applied by name."""
        found = ((name, each) for name, each in self.states.items() if each.state == state)
        return tuple(name for name, each in found if state != "applicable" or not each.only_where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """The three steps, under the policy that was in force, and the answer."""

    check: Report
    patches: Patching
    smoke_test: SmokeTest | NotTried
    fail_on: Severity
    policy: Policy | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst of what the steps say."""
        said = [self.check.verdict]
        match self.smoke_test:
            case SmokeTest(verdict=verdict):
                said.append(verdict)
            case NotTried(is_wanted=is_wanted):
                said += [Verdict.UNKNOWN] if is_wanted else []
        if refusal := self.patches.refusal:
            said.append(Verdict.BROKEN if refusal.exit_code == 1 else Verdict.UNKNOWN)
        return min(said, key=_WORST_FIRST.index)

    @property
    def exit_code(self) -> int:
        """1 for a finding that counts, a failed probe or a refused patch; 3 where the answer is open; else 0."""
        if self.verdict is Verdict.BROKEN or self.check.fails(self.fail_on):
            return 1
        return 3 if self.verdict is Verdict.UNKNOWN else 0

    @property
    def cause(self) -> Result | Refusal | ProbeResult | None:
        """The one cause: an error of the check, else what was refused or failed, else what is milder."""
        primary, refusal = self.check.primary, self.patches.refusal
        if primary and primary.severity is Severity.ERROR:
            return primary
        if refusal and refusal.exit_code == 1:
            return refusal
        tried = self.smoke_test.results if isinstance(self.smoke_test, SmokeTest) else ()
        return next((result for result in tried if result.outcome == "failed"), None) or refusal or primary

    @property
    def ignored(self) -> tuple[Result, ...]:
        """The failures that do not count because someone decided so."""
        return tuple(result for result in self.check.results if result.allowed and failed(result))
