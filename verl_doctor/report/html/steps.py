"""The three steps of a preflight as a line with three stations."""

from __future__ import annotations

from verl_doctor.examine import Report, failed
from verl_doctor.model import Severity, Verdict
from verl_doctor.preflight.result import NotTried, Patching, Preflight
from verl_doctor.report.html.marks import mark
from verl_doctor.report.html.markup import Markup, tag
from verl_doctor.smoke.outcome import SmokeTest

_MARKS = {
    Verdict.HEALTHY: "passed",
    Verdict.DEGRADED: "warning",
    Verdict.BROKEN: "failed",
    Verdict.UNKNOWN: "unknown",
}


def steps(report: Report, preflight: Preflight) -> Markup:
    """Return the line."""
    return tag(
        "ol",
        _station("Check", _MARKS[report.verdict], _of_check(report)),
        _station("Patches", *_of_patches(preflight.patches)),
        _station("Smoke test", *_of_smoke_test(preflight.smoke_test)),
        class_="steps",
    )


def _station(name: str, kind: str, said: str) -> Markup:
    return tag("li", mark(kind), tag("div", tag("b", name), tag("span", said)), class_=kind)


def _of_check(report: Report) -> str:
    counted = [result for result in report.results if failed(result) and not result.allowed]
    errors = sum(result.severity is Severity.ERROR for result in counted)
    others = len(counted) - errors
    said = [f"{errors} error{'' if errors == 1 else 's'}"] if errors else []
    said += [f"{others} milder"] if others else []
    return " and ".join(said) or f"nothing in {len(report.results)} checks"


def _of_patches(patches: Patching) -> tuple[str, str]:
    pending, applied = patches.in_state("applicable"), patches.in_state("applied")
    if patches.refusal:
        return "failed", "refused"
    if pending:
        return "warning", f"{len(pending)} to be applied"
    return "passed", f"{len(applied)} applied" if applied else "none needed"


def _of_smoke_test(tried: SmokeTest | NotTried) -> tuple[str, str]:
    if isinstance(tried, NotTried):
        return "skipped", "not tried" if tried.is_wanted else "not asked for"
    outcomes = [result.outcome for result in tried.results]
    ran = len(outcomes) - outcomes.count("skipped")
    return _MARKS[tried.verdict], f"{outcomes.count('passed')} of {ran} probes, {tried.seconds:.0f} s"
