"""One verdict and one exit code from three steps."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from tests.facts_of import facts_of
from tests.report import preflights
from tests.report.preflights import NO_TEST, TODAY, passed, smoke_test
from verl_doctor.facts.driver import Driver
from verl_doctor.matrix.load import load
from verl_doctor.model import Ruling, Severity, Unavailable, Verdict
from verl_doctor.preflight.policy import Expectations, Policy
from verl_doctor.preflight.result import NotTried, Patching, Preflight, Refusal
from verl_doctor.preflight.run import Wish, judge
from verl_doctor.preflight.summary import summary
from verl_doctor.report.accounts import of_preflight
from verl_doctor.smoke.results import ProbeResult

HEALTHY = preflights.healthy()
UNWANTED = NotTried(reason="none is asked for", is_wanted=False)
FAILS = smoke_test(passed(), ProbeResult(name="sleep", outcome="failed", reason="memory stays"))
NOTHING_SEEN = smoke_test(ProbeResult(name="rollout", outcome="skipped", reason="no vLLM"))
OPEN = judge(facts_of(preflights.STACK, gpus=Unavailable("hung")), load(), Wish(today=TODAY))


def refused(code: int) -> Patching:
    return Patching(states={}, is_asked=True, refusal=Refusal(reason="read-only", exit_code=code))


@pytest.mark.parametrize(
    ("preflight", "verdict", "code"),
    [
        pytest.param(HEALTHY, Verdict.HEALTHY, 0, id="all is well"),
        pytest.param(replace(HEALTHY, smoke_test=UNWANTED), Verdict.HEALTHY, 0, id="no smoke test asked for"),
        pytest.param(replace(HEALTHY, smoke_test=NO_TEST), Verdict.UNKNOWN, 3, id="one that could not be"),
        pytest.param(replace(HEALTHY, smoke_test=NOTHING_SEEN), Verdict.UNKNOWN, 3, id="one that saw nothing"),
        pytest.param(replace(HEALTHY, smoke_test=FAILS), Verdict.BROKEN, 1, id="a probe fails"),
        pytest.param(replace(HEALTHY, check=OPEN), Verdict.UNKNOWN, 3, id="the check is open"),
        pytest.param(replace(HEALTHY, check=OPEN, smoke_test=FAILS), Verdict.BROKEN, 1, id="open, and a probe fails"),
        pytest.param(replace(HEALTHY, patches=refused(1)), Verdict.BROKEN, 1, id="a patch is refused"),
        pytest.param(replace(HEALTHY, patches=refused(3)), Verdict.UNKNOWN, 3, id="patches cannot be written"),
        pytest.param(preflights.broken(), Verdict.BROKEN, 1, id="the check is broken"),
    ],
)
def test_verdict_and_exit_code(preflight: Preflight, verdict: Verdict, code: int) -> None:
    assert (preflight.verdict, preflight.exit_code) == (verdict, code)
    assert summary(preflight).startswith(f"{verdict.value.upper()}  ")
    assert "\n" not in summary(preflight)


def warned(fail_on: Severity, policy: Policy | None = None) -> Preflight:
    facts = facts_of(preflights.STACK)
    policy = policy or Policy(origin="p.toml", rulings={}, expect=Expectations(gpus=8))
    return replace(HEALTHY, check=judge(facts, load(), Wish(policy=policy, today=TODAY)), fail_on=fail_on)


def test_a_milder_failure_fails_where_that_is_wanted() -> None:
    ruling = Ruling(severity=Severity.WARNING, reason="eight come next week")
    policy = Policy(origin="p.toml", rulings={"gpu-count-unexpected": ruling}, expect=Expectations(gpus=8))
    assert warned(Severity.ERROR).exit_code == 1
    mild = warned(Severity.ERROR, policy)
    assert (mild.verdict, mild.exit_code) == (Verdict.DEGRADED, 0)
    assert warned(Severity.WARNING, policy).exit_code == 1


def test_what_is_ignored_is_seen_but_does_not_count() -> None:
    facts = facts_of(preflights.STACK, driver=Driver(state="absent", detail="none"), gpus=())
    policy = Policy(origin="p.toml", rulings={"driver-missing": preflights.IGNORED})
    preflight = replace(
        HEALTHY, check=judge(facts, load(), Wish(policy=policy, today=TODAY)), policy=policy, smoke_test=UNWANTED
    )
    assert [result.name for result in preflight.ignored] == ["driver-missing"]
    assert (preflight.verdict, preflight.exit_code) == (Verdict.HEALTHY, 0)
    assert "1 ignored" in summary(preflight)
    assert preflight.ignored[0].ruling == preflights.IGNORED


@pytest.mark.parametrize(
    ("preflight", "said"),
    [
        pytest.param(HEALTHY, "Check: nothing found. Patches: none needed. Smoke test: 2 of 2 probes", id="well"),
        pytest.param(replace(HEALTHY, check=OPEN), "not judged (hung)", id="open, and why"),
        pytest.param(
            replace(HEALTHY, smoke_test=FAILS),
            "1 of 2 probes passed, the first that failed is sleep (memory stays)",
            id="a probe",
        ),
        pytest.param(preflights.failing(), "Patches: 1 to be applied.", id="a patch"),
        pytest.param(replace(HEALTHY, patches=refused(3)), "Patches: refused, read-only", id="refused"),
        pytest.param(
            replace(HEALTHY, patches=Patching(states={}, is_asked=True, changed=("a", "b"))),
            "2 files changed now",
            id="applied",
        ),
        pytest.param(preflights.broken(), "torch-not-installed: torch is not installed", id="the cause"),
    ],
)
def test_the_line_says_what_became_of_each_step(preflight: Preflight, said: str) -> None:
    assert said in summary(preflight)


MILD = Policy(
    origin="p.toml",
    rulings={"gpu-count-unexpected": Ruling(severity=Severity.WARNING, reason="soon")},
    expect=Expectations(gpus=8),
)
MILDLY = warned(Severity.ERROR, MILD)


@pytest.mark.parametrize(
    ("preflight", "name", "begin"),
    [
        pytest.param(MILDLY, "gpu-count-unexpected", "DEGRADED  gpu-count-unexpected: ", id="a warning alone"),
        pytest.param(
            replace(MILDLY, smoke_test=FAILS), "sleep", "BROKEN  Smoke test: 1 of 2 probes passed", id="a probe"
        ),
        pytest.param(
            replace(MILDLY, patches=refused(1), smoke_test=FAILS),
            "patch-refused",
            "BROKEN  Patches: refused, read-only",
            id="a refused patch",
        ),
        pytest.param(
            replace(MILDLY, patches=refused(3), smoke_test=NO_TEST),
            "patch-refused",
            "UNKNOWN  Patches: refused, read-only",
            id="patches that cannot be written",
        ),
        pytest.param(
            replace(warned(Severity.ERROR), smoke_test=FAILS),
            "gpu-count-unexpected",
            "BROKEN  gpu-count-unexpected: ",
            id="an error of the check",
        ),
        pytest.param(
            replace(MILDLY, smoke_test=NO_TEST),
            "gpu-count-unexpected",
            "UNKNOWN  Smoke test: not tried",
            id="not tried",
        ),
    ],
)
def test_what_is_milder_than_an_error_gives_way_as_the_cause(preflight: Preflight, name: str, begin: str) -> None:
    primary = [each for each in of_preflight(preflight).occurrences if each.is_primary]
    assert [each.name for each in primary] == [name]
    assert summary(preflight).startswith(begin)
    written = json.loads(preflights.written(preflight).render("gitlab"))
    blockers = [each["check_name"] for each in written if each["severity"] == "blocker"]
    assert blockers == [each.name for each in primary if each.severity is Severity.ERROR]


def test_an_open_answer_says_first_why_it_is_open() -> None:
    facts = facts_of(preflights.STACK, driver=Unavailable("the driver hung"))
    preflight = replace(HEALTHY, check=judge(facts, load(), Wish(policy=MILD, today=TODAY)))
    assert preflight.check.primary is not None
    said = summary(preflight)
    assert re.match(r"UNKNOWN  Check: \d+ not judged \(the driver hung\), \d found\. gpu-count-unexpected: ", said), (
        said
    )
