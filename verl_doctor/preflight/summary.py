"""A preflight in one line, for a log or a chat."""

from __future__ import annotations

from verl_doctor.examine import Report, failed, unjudged
from verl_doctor.model import Crashed, Failed, Result, Severity, Skipped, Verdict
from verl_doctor.preflight.result import NotTried, Patching, Preflight, Refusal
from verl_doctor.report.plain_text import printable
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.results import ProbeResult


def summary(preflight: Preflight) -> str:
    """Return the verdict, the one cause, and what became of each step, in one line."""
    parts = [found(preflight.check, preflight.fail_on), _patches(preflight.patches), _smoke_test(preflight.smoke_test)]
    parts.insert(0, parts.pop(_decisive(preflight)))
    return " ".join(printable(f"{preflight.verdict.value.upper()}  {' '.join(parts)}").splitlines())


def _decisive(preflight: Preflight) -> int:
    """Return which of the steps is told first: the one that has the cause, or that makes the answer unknown."""
    match preflight.cause:
        case Refusal():
            return 1
        case ProbeResult():
            return 2
        case _:
            is_open = preflight.verdict is Verdict.UNKNOWN and preflight.check.verdict is not Verdict.UNKNOWN
            return 2 if is_open else 0


def found(report: Report, fail_on: Severity) -> str:
    """Return the one cause, or what counts all the same, and how much more a check found."""
    failures = [result for result in report.results if failed(result)]
    counted = [result for result in failures if not result.allowed]
    ignored = f", {len(failures) - len(counted)} ignored" if len(failures) > len(counted) else ""
    told = _told(cause) if (cause := report.decisive(fail_on)) else ""
    if report.verdict is Verdict.UNKNOWN:
        also = f" {told}" if told else ""
        return f"Check: {_unjudged(report)}, {len(counted) or 'nothing'} found{ignored}.{also}"
    if not told:
        return f"Check: {len(counted) or 'nothing'} found{ignored}."
    more = len(counted) - 1
    return told + (f" Check: {more} more found{ignored}." if more or ignored else "")


def _told(cause: Result) -> str:
    """Name a failure; one that is no cause, and makes a command fail by its severity alone, with that."""
    why = "" if cause.primary else f" ({cause.severity.value}, which counts here)"
    return f"{cause.name}{why}: {_first_message(cause)}"


def _unjudged(report: Report) -> str:
    """Say why the answer is open: how many checks that matter could not judge, and why the first could not."""
    reasons = [reason for result in report.results if unjudged(result) and (reason := _reason(result))]
    return f"{len(reasons)} not judged ({reasons[0]})"


def _reason(result: Result) -> str | None:
    match result.outcome:
        case Skipped(reason):
            return reason
        case Crashed(error):
            return error
        case _:
            return None


def _first_message(result: Result) -> str:
    assert isinstance(result.outcome, Failed)  # noqa: S101 - the cause is a failure
    return result.outcome.findings[0].message


def _patches(patches: Patching) -> str:
    if patches.refusal:
        return f"Patches: refused, {patches.refusal.reason}"
    counts = {
        "applied": len(patches.in_state("applied")),
        "to be applied": len(patches.in_state("applicable")),
    }
    said = [f"{count} {word}" for word, count in counts.items() if count]
    if patches.changed:
        said.append(f"{len(patches.changed)} files changed now")
    return f"Patches: {', '.join(said) or 'none needed'}."


def _smoke_test(tried: SmokeTest | NotTried) -> str:
    if isinstance(tried, NotTried):
        return f"Smoke test: not tried, {tried.reason}."
    outcomes = [result.outcome for result in tried.results]
    failures = [f"{result.name} ({result.reason})" for result in tried.results if result.outcome == "failed"]
    first = f", the first that failed is {failures[0]}" if failures else ""
    ran = len(outcomes) - outcomes.count("skipped")
    return f"Smoke test: {outcomes.count('passed')} of {ran} probes passed{first} ({tried.seconds:.0f} s)."
