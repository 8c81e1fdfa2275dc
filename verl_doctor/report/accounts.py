"""A check's report, or a preflight's, as an account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from verl_doctor.examine import Report, unjudged
from verl_doctor.explain import entries
from verl_doctor.model import Crashed, Failed, Finding, Passed, Result, Severity, Skipped, Verdict
from verl_doctor.preflight.result import NotTried, Patching, Preflight, Refusal
from verl_doctor.preflight.summary import found, summary
from verl_doctor.report.account import Account, Case, Occurrence, Outcome
from verl_doctor.report.ruled import ruled
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.results import ProbeResult
from verl_doctor.smoke.sessions import ROLLOUTS
from verl_doctor.target import Target

_REFUSED = "patch-refused"
_WORDS = {"applied": "applied", "applicable": "to be applied", "unrecognised": "not recognised"}


def of_check(report: Report, exit_code: int, fail_on: Severity) -> Account:
    """Return what a check has to report."""
    return Account(
        command="check",
        verdict=report.verdict,
        exit_code=exit_code,
        summary=f"{report.verdict.value.upper()}  {found(report, fail_on)}",
        place=report.facts.target.prefix,
        fail_on=fail_on,
        cases=tuple(_of_results(report, report.verdict)),
    )


def of_preflight(preflight: Preflight) -> Account:
    """Return what a preflight has to report."""
    target = preflight.check.facts.target
    cases = (
        *_of_results(preflight.check, preflight.verdict),
        *_of_patches(preflight.patches, target),
        *_of_smoke_test(preflight.smoke_test, target, is_open=preflight.verdict is Verdict.UNKNOWN),
    )
    return Account(
        command="preflight",
        verdict=preflight.verdict,
        exit_code=preflight.exit_code,
        summary=summary(preflight),
        place=target.prefix,
        fail_on=preflight.fail_on,
        cases=cases if preflight.cause is preflight.check.primary else tuple(_with_cause(cases, preflight.cause)),
    )


def _with_cause(cases: Iterable[Case], cause: Result | Refusal | ProbeResult | None) -> Iterator[Case]:
    """Yield the cases with what was tried as the cause; nothing that the check found follows from that."""
    name = cause.name if isinstance(cause, ProbeResult) else _REFUSED
    for case in cases:
        is_cause = case.group != "check" and case.name == name
        told = (replace(each, is_primary=is_cause, consequence_of=None) for each in case.occurrences)
        yield replace(case, occurrences=tuple(told))


def _of_results(report: Report, verdict: Verdict) -> Iterator[Case]:
    """Yield the cases of a check; one that crashed is told although the answer is known all the same."""
    for result in report.results:
        is_told = verdict is Verdict.UNKNOWN or isinstance(result.outcome, Crashed)
        yield replace(_of_result(result), leaves_open=is_told and unjudged(result))


def _of_result(result: Result) -> Case:
    outcome, reason, occurrences = _came_of(result)
    return Case(
        group="check",
        id=result.id,
        name=result.name,
        title=entries.named(result.name).title,
        outcome=outcome,
        reason=reason,
        occurrences=occurrences,
    )


def _came_of(result: Result) -> tuple[Outcome, str | None, tuple[Occurrence, ...]]:
    match result.outcome:
        case Skipped(reason):
            return "skipped", reason, ()
        case Crashed(error):
            return "crashed", error, ()
        case Failed(findings):
            return "failed", None, tuple(_of_finding(result, each) for each in findings)
        case Passed():
            return "passed", None, ()


def _of_finding(result: Result, finding: Finding) -> Occurrence:
    said = ruled(result.ruling) if result.ruling else ""
    return Occurrence(
        id=result.id,
        name=result.name,
        severity=result.severity,
        message=finding.message,
        remedy=finding.remedy.text,
        commands=finding.remedy.commands,
        evidence=finding.evidence,
        sources=tuple(f"{source.kind}: {source.reference}" for source in finding.sources),
        is_primary=result.primary,
        consequence_of=result.consequence_of,
        excused=(said or "allowed on the command line") if result.allowed else None,
    )


def _of_patches(patches: Patching, target: Target) -> Iterator[Case]:
    """Yield the patches that matter here. One that is to be applied is a failure of the check, and only told here."""
    for name, state in patches.states.items():
        word = "can be applied" if state.state == "applicable" and state.only_where else _WORDS.get(state.state)
        if word:
            yield Case(
                group="patches",
                id=state.id,
                name=name,
                title=f"{state.file} of {state.distribution} {state.version}",
                outcome="passed" if state.state == "applied" else "skipped",
                reason=f"{word}: {state.reason}" if state.reason else word,
            )
    if patches.refusal:
        refused = Occurrence(
            id=_REFUSED,
            name=_REFUSED,
            severity=Severity.ERROR,
            message=f"No patch was applied: {patches.refusal.reason}",
            remedy="See the state of each patch.",
            commands=(f"verl-doctor patch --status {target.options}",),
        )
        title = "The patches that are asked for can be applied"
        yield Case(
            group="patches",
            id=refused.id,
            name=refused.name,
            title=title,
            outcome="failed",
            occurrences=(refused,),
        )


def _not_seen(reason: str, *, leaves_open: bool) -> Case:
    return Case(
        group="smoke-test",
        id="smoke-test",
        name="smoke-test",
        title="A real rollout with the installed vLLM",
        outcome="skipped",
        reason=reason,
        leaves_open=leaves_open,
    )


def _of_smoke_test(tried: SmokeTest | NotTried, target: Target, *, is_open: bool) -> Iterator[Case]:
    if isinstance(tried, NotTried):
        yield _not_seen(tried.reason, leaves_open=is_open and tried.is_wanted)
        return
    is_open = is_open and tried.verdict is Verdict.UNKNOWN
    if is_open and not any(result.name in ROLLOUTS for result in tried.results):
        yield _not_seen("no rollout was tried", leaves_open=True)
    for result in tried.results:
        yield Case(
            group="smoke-test",
            id=result.name,
            name=result.name,
            title=PROBES[result.name].shown(is_own=tried.model is not None),
            outcome=result.outcome,
            reason=result.reason,
            seconds=result.seconds,
            occurrences=(_of_probe(tried, result, target),) if result.outcome == "failed" else (),
            leaves_open=is_open and result.name in ROLLOUTS,
        )


def _of_probe(test: SmokeTest, result: ProbeResult, target: Target) -> Occurrence:
    ids = [state.id for state in test.missing(result)]
    cure = f"verl-doctor patch --apply {' '.join(ids)} {target.options}"
    return Occurrence(
        id=result.name,
        name=result.name,
        severity=Severity.ERROR,
        message=f"The probe {result.name} failed after {result.seconds:.1f} s: {result.reason}.",
        remedy="Apply the patch that it needs." if ids else "See what the probe printed; tell what has changed.",
        commands=(cure,) if ids else (f"verl-doctor smoke-test --probe {result.name} {target.options}",),
        evidence=tuple(result.detail.splitlines()[-20:]),
    )
