"""What the policy expects of a node, and whether it is so."""

from __future__ import annotations

from collections.abc import Iterator

from verl_doctor.examine import Report
from verl_doctor.facts.snapshot import Facts
from verl_doctor.model import Failed, Passed, Result
from verl_doctor.preflight.policy import Policy
from verl_doctor.report.html.marks import mark
from verl_doctor.report.html.markup import Markup, section, tag


def table(policy: Policy | None, report: Report) -> Markup | None:
    """Return a row for each expectation; None where there is none."""
    if policy is None:
        return None
    results = {result.name: result for result in report.results}
    rows = [
        tag("li", mark(_mark(results.get(check), about)), tag("b", label), tag("span", wanted))
        for check, about, label, wanted in _expected(policy, report.facts)
    ]
    if not rows:
        return None
    lead = tag("p", f"From {policy.origin}.", class_="lead")
    return section("Expected of this node", lead, tag("ul", rows, class_="patches"))


def _expected(policy: Policy, facts: Facts) -> Iterator[tuple[str, str | None, str, str]]:
    """Yield the check that judges it, what it is about where that check judges several, its name, and its value."""
    expect = policy.expect
    if expect.gpus is not None:
        yield "gpu-count-unexpected", None, "GPUs", str(expect.gpus)
    if expect.gpu is not None and facts.gpus:  # of no GPU nothing can be said
        yield "gpu-model-unexpected", None, "GPU", expect.gpu
    if expect.driver is not None:
        yield "driver-unexpected", None, "driver", expect.driver
    yield from (("version-unexpected", name, name, wanted) for name, wanted in expect.versions)
    yield from (("required-patch-missing", name, "patch", name) for name in policy.patches)


def _mark(result: Result | None, about: str | None) -> str:
    """Return the sign for what a check found, of one thing where it judges several."""
    match result and result.outcome:
        case Passed():
            return "passed"
        case Failed(findings):
            return "failed" if about is None or any(about in each.about for each in findings) else "passed"
        case _:
            return "unknown"
