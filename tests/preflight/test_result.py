"""One verdict and one exit code from three steps."""

from __future__ import annotations

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
