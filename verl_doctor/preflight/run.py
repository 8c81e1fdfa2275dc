"""Carries out the steps of a preflight: check, patches, smoke test; each sees what the one before left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from verl_doctor import endings
from verl_doctor.errors import BusyError, DoctorError, PatchRefusedError, TargetError, WriteFailedError
from verl_doctor.examine import Report, examine
from verl_doctor.facts.collect import collect
from verl_doctor.facts.expected import Expected
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.patches import PatchState
from verl_doctor.facts.snapshot import Facts
from verl_doctor.host import Host
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import NOT_ASKED, Ruling, Severity, Unavailable, Verdict
from verl_doctor.preflight.policy import Policy
from verl_doctor.preflight.result import NotTried, Patching, Preflight, Refusal
from verl_doctor.smoke import where
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.results import Began, ProbeResult
from verl_doctor.smoke.sessions import Device, Level, Request, plan
from verl_doctor.target import Target

Tell = Callable[[str | Began | ProbeResult], object]
"""Is told what begins, and each result of a probe, as it happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of a preflight. `level` None: no smoke test; `deadline` in seconds, for the whole smoke test."""

    level: Level | None = Level.QUICK
    device: Device = Device.CUDA
    deadline: float | None = None
    model: Path | None = None
    apply: bool = False
    keep_going: bool = False
    allow: Sequence[str] = ()
    fail_on: Severity = Severity.ERROR
    policy: Policy | None = None
    today: date = field(kw_only=True)

    @property
    def rulings(self) -> Mapping[str, Ruling]:
        """What the policy says of checks today."""
        return self.policy.in_force(self.today) if self.policy else {}

    @property
    def expected(self) -> Expected | Unavailable:
        """What the policy expects of the node."""
        return self.policy.expected(self.today) if self.policy else NOT_ASKED


def judge(facts: Facts, matrix: Matrix, wish: Wish) -> Report:
    """Return the check's report under the policy. Raises UsageError for an unknown name to allow."""
    return examine(replace(facts, expected=wish.expected), matrix, wish.allow, wish.rulings)


def of_facts(facts: Facts, matrix: Matrix, wish: Wish) -> Preflight:
    """Return what can be said from facts alone: nothing is applied, nothing is tried."""
    return _whole(
        wish,
        judge(facts, matrix, wish),
        Patching(states=_states(facts)),
        NotTried(reason="facts that were read from a file are judged", is_wanted=wish.level is not None),
    )


def run(host: Host, target: Target, matrix: Matrix, wish: Wish, tell: Tell) -> Preflight:
    """Carry out the steps. Raises UsageError for a wish that cannot be."""
    tell("checking")
    facts = collect(host, target)
    report = judge(facts, matrix, wish)
    patches = Patching(states=_states(facts), is_asked=wish.apply)
    if wish.apply and not isinstance(facts.packages, Unavailable):
        tell("applying patches")
        patches = _applied(host, target, facts.packages, patches, wish)
        if patches.changed:
            facts = collect(host, target)
            report, patches = judge(facts, matrix, wish), replace(patches, states=_states(facts))
    return _whole(wish, report, patches, _tried(host, target, report, patches, wish, tell))


def _whole(wish: Wish, report: Report, patches: Patching, smoke_test: SmokeTest | NotTried) -> Preflight:
    return Preflight(check=report, patches=patches, smoke_test=smoke_test, fail_on=wish.fail_on, policy=wish.policy)


def _states(facts: Facts) -> Mapping[str, PatchState]:
    return {} if isinstance(facts.patches, Unavailable) else facts.patches


def _applied(
    host: Host, target: Target, packages: Mapping[str, Distribution], patches: Patching, wish: Wish
) -> Patching:
    """Apply the patches that most nodes need, and those that the policy names."""
    from verl_doctor.patching import catalogue
    from verl_doctor.patching.apply import apply

    named = set(wish.policy.patches if wish.policy else ())
    known = catalogue.everything().patches
    usual = {patch.name for patch in catalogue.usual(known)}
    chosen = [patch for patch in known if patch.name in usual | named]
    try:
        with endings.as_interrupts():
            done = apply(host, target, packages, chosen)
    except (PatchRefusedError, WriteFailedError, BusyError) as error:
        return replace(patches, refusal=_refusal(error))
    return replace(patches, changed=tuple(str(edit.path) for edit in done.edits))


def _refusal(error: DoctorError) -> Refusal:
    return Refusal(reason=str(error), exit_code=error.exit_code)


def _tried(  # noqa: PLR0913, PLR0917 # what is there, what was found, what is wanted
    host: Host, target: Target, report: Report, patches: Patching, wish: Wish, tell: Tell
) -> SmokeTest | NotTried:
    if wish.level is None:
        return NotTried(reason="none is asked for", is_wanted=False)
    if (why := _hopeless(report, patches)) and not wish.keep_going:
        return NotTried(reason=f"{why}; --keep-going tries all the same", is_wanted=True)
    try:
        return _smoke_test(host, target, patches, wish, wish.level, tell)
    except TargetError as error:
        text = str(error).rstrip(".")
        return NotTried(reason=f"{text[0].lower()}{text[1:]} (--level none asks for none)", is_wanted=True)


def _hopeless(report: Report, patches: Patching) -> str | None:
    """Say why trying makes no sense after what was found."""
    if report.verdict is Verdict.BROKEN and report.primary:
        return f"the check found {report.primary.name}"
    return "patches could not be applied" if patches.refusal else None


def _smoke_test(  # noqa: PLR0913, PLR0917 # where, in which state, what is wanted
    host: Host, target: Target, patches: Patching, wish: Wish, level: Level, tell: Tell
) -> SmokeTest:
    from verl_doctor.smoke.run import run as run_probes

    place = where.place(host, target, wish.device)
    request = Request(level=level, device=wish.device, gpus=len(place.gpus), model=where.checkpoint(wish.model))
    started = time.monotonic()
    until = started + (float("inf") if wish.deadline is None else wish.deadline)
    results = []
    for happened in run_probes(plan(request), place, until):
        tell(happened)
        if isinstance(happened, ProbeResult):
            results.append(happened)
    return SmokeTest(
        level=level,
        device=wish.device,
        model=request.model,
        results=tuple(results),
        patches=patches.states,
        seconds=time.monotonic() - started,
    )
