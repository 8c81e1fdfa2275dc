"""A preflight in one line, for a log or a chat."""

from __future__ import annotations

from collections.abc import Iterator

from verl_doctor.examine import Report, failed
from verl_doctor.model import Crashed, Failed, Result, Severity, Skipped, Verdict
from verl_doctor.preflight.result import NotTried, Patching, Preflight
from verl_doctor.smoke.outcome import SmokeTest


def summary(preflight: Preflight) -> str:
    """Return the verdict, the one cause, and what became of each step, in one line."""
    parts = [found(preflight.check), *_patches(preflight.patches), _smoke_test(preflight.smoke_test)]
    if preflight.verdict is Verdict.UNKNOWN and preflight.check.verdict is not Verdict.UNKNOWN:
        parts.insert(0, parts.pop())  # what makes the answer unknown comes first
    return " ".join(f"{preflight.verdict.value.upper()}  {' '.join(parts)}".splitlines())


def found(report: Report) -> str:
    """Return the one cause, and how much more a check found."""
    failures = [result for result in report.results if failed(result)]
    counted = [result for result in failures if not result.allowed]
    ignored = f", {len(failures) - len(counted)} ignored" if len(failures) > len(counted) else ""
    unjudged = _unjudged(report) if report.verdict is Verdict.UNKNOWN else ""
    cause = report.primary
    if cause is None:
        return f"Check: {len(counted) or 'nothing'} found{ignored}{unjudged}."
    more = len(counted) - 1
    also = f" Check: {more} more found{ignored}{unjudged}." if more or ignored or unjudged else ""
    return f"{cause.name}: {_first_message(cause)}{also}"


def _unjudged(report: Report) -> str:
    """Say why the answer is open: how many checks that matter could not judge, and why the first could not."""
    reasons = [
        result.outcome.reason if isinstance(result.outcome, Skipped) else result.outcome.error
        for result in report.results
        if isinstance(result.outcome, Skipped | Crashed) and result.severity is Severity.ERROR and not result.allowed
    ]
    return f", {len(reasons)} not judged ({reasons[0]})"


def _first_message(result: Result) -> str:
    assert isinstance(result.outcome, Failed)  # noqa: S101 - the cause is a failure
    return result.outcome.findings[0].message


def _patches(patches: Patching) -> Iterator[str]:
    if patches.refusal:
        yield f"Patches: refused, {patches.refusal.reason}"
        return
    counts = {
        "applied": len(patches.in_state("applied")),
        "to be applied": len(patches.in_state("applicable")),
    }
    said = [f"{count} {word}" for word, count in counts.items() if count]
    if patches.changed:
        said.append(f"{len(patches.changed)} files changed now")
    yield f"Patches: {', '.join(said) or 'none needed'}."


def _smoke_test(tried: SmokeTest | NotTried) -> str:
    if isinstance(tried, NotTried):
        return f"Smoke test: not tried, {tried.reason}."
    outcomes = [result.outcome for result in tried.results]
    failures = [f"{result.name} ({result.reason})" for result in tried.results if result.outcome == "failed"]
    first = f", the first that failed is {failures[0]}" if failures else ""
    ran = len(outcomes) - outcomes.count("skipped")
    return f"Smoke test: {outcomes.count('passed')} of {ran} probes passed{first} ({tried.seconds:.0f} s)."
