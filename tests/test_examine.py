"""One report from facts: the cause, its consequences, the verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.facts_of import distribution, facts_of, gpu_of
from verl_doctor import cure
from verl_doctor import examine as module
from verl_doctor.errors import UsageError
from verl_doctor.examine import Report, examine, questions
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.load import load
from verl_doctor.matrix.matrix import Matrix
from verl_doctor.model import Crashed, Failed, Outcome, Result, Ruling, Severity, Skipped, Unavailable, Verdict

HEALTHY = dict(load().best_stack(verl="0.9.1").pins)  # type: ignore[union-attr] # this release has a stack


def report_on(packages: dict[str, Any] | None = None, allow: tuple[str, ...] = (), **overrides: Any) -> Report:
    return examine(facts_of(HEALTHY if packages is None else packages, **overrides), load(), allow)


def result_of(report: Report, name: str) -> Result:
    return next(result for result in report.results if result.name == name)


def failing(report: Report) -> set[str]:
    return {result.name for result in report.results if isinstance(result.outcome, Failed)}


def test_healthy_node() -> None:
    report = report_on()
    assert failing(report) == set()
    assert report.verdict is Verdict.HEALTHY
    assert report.primary is None


@pytest.mark.parametrize("stack", load().stacks(), ids=lambda stack: stack.name)
def test_every_recommended_stack_is_fit(stack: Any) -> None:
    report = report_on(dict(stack.pins), python=f"{stack.python}.1")
    assert not report.fails(Severity.WARNING), failing(report)


@pytest.mark.parametrize("stack", load().stacks(), ids=lambda stack: stack.name)
def test_every_recommended_stack_is_fit_for_an_a100_in_a_slurm_job(stack: Any) -> None:
    a100 = gpu_of(name="NVIDIA A100-SXM4-80GB", compute_capability="8.0")
    report = report_on(dict(stack.pins), python=f"{stack.python}.1", gpus=(a100,), env={"SLURM_JOB_ID": "7"})
    assert not report.fails(Severity.WARNING), failing(report)


def test_ids_and_names_are_unique() -> None:
    asked = questions()
    assert len({question.id for question in asked}) == len(asked)
    assert len({question.name for question in asked}) == len(asked)


def mismatched() -> dict[str, Any]:
    """vLLM 0.7.2 beside a torch that came later, and what that torch breaks besides."""
    return {
        "verl": "0.3.0.post1",
        "vllm": distribution("vllm", "0.7.2", requires=("torch==2.5.1", "torchvision==0.20.1")),
        "torch": "2.13.0",
        "torchvision": "0.28.0",
        "tensordict": "0.5.0",
    }


def test_the_cause_is_the_failure_whose_cure_removes_the_others() -> None:
    report = report_on(mismatched())
    assert report.verdict is Verdict.BROKEN
    assert report.primary is not None
    assert report.primary.name == "vllm-torch-pin-mismatch"
    assert result_of(report, "tensordict-forkingpickler").consequence_of == "vllm-torch-pin-mismatch"
    assert result_of(report, "requirement-conflict").consequence_of == "vllm-torch-pin-mismatch"
    assert report.results[0] is report.primary


def test_what_another_cause_breaks_is_no_consequence() -> None:
    driver = Driver(state="absent", detail="no kernel module")
    report = report_on(mismatched(), driver=driver, gpus=())
    assert result_of(report, "driver-missing").consequence_of is None
    assert report.primary is not None
    assert report.primary.name == "vllm-torch-pin-mismatch"


def test_an_old_driver_is_the_cause_or_the_consequence() -> None:
    driver = Driver(state="working", detail="nvml answers", version="550.54.15", cuda="12.4")
    alone = report_on({"torch": "2.11.0", "vllm": "0.24.0", "verl": "0.9.1", "tensordict": "0.10.0"}, driver=driver)
    assert alone.primary is not None
    assert alone.primary.name == "driver-too-old"
    vllm = distribution("vllm", "0.8.5.post1", requires=("torch==2.6.0",))
    moved = report_on({"torch": "2.11.0", "vllm": vllm, "verl": "0.5.0", "tensordict": "0.9.1"}, driver=driver)
    assert result_of(moved, "driver-too-old").consequence_of == "vllm-torch-pin-mismatch"


def test_a_known_failure_replaces_the_plain_conflict() -> None:
    verl = distribution("verl", "0.9.1", requires=("tensordict!=0.9.0,<=0.10.0,>=0.8.0", "ray>=2.41"))
    packages = {**HEALTHY, "verl": verl, "tensordict": "0.9.0", "ray": "2.40.0"}
    report = report_on(packages)
    assert "tensordict-090-banned" in failing(report)
    conflict = result_of(report, "requirement-conflict").outcome
    assert isinstance(conflict, Failed)
    assert [finding.message for finding in conflict.findings if "tensordict" in finding.message] == []


def test_allowed_is_shown_but_not_counted() -> None:
    driver = Driver(state="absent", detail="no kernel module")
    assert report_on(driver=driver, gpus=()).verdict is Verdict.BROKEN
    report = report_on(driver=driver, gpus=(), allow=("driver-missing",))
    assert report.verdict is Verdict.HEALTHY
    assert failing(report) == {"driver-missing"}
    assert result_of(report, "driver-missing").severity is Severity.INFO
    assert report.primary is None


def test_allow_takes_ids_and_refuses_what_no_check_is_called() -> None:
    assert result_of(report_on(allow=("VD200",)), "driver-missing").allowed
    with pytest.raises(UsageError, match="No check is called 'drivers'"):
        report_on(allow=("drivers",))


def test_unknown_is_not_healthy() -> None:
    report = report_on(driver=Unavailable("no answer within 5 seconds"))
    assert report.verdict is Verdict.UNKNOWN
    assert result_of(report, "driver-missing").outcome == Skipped("no answer within 5 seconds")


def test_a_check_that_breaks_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(facts: Facts, matrix: Matrix) -> Outcome:
        raise ZeroDivisionError(facts.target.prefix, len(matrix.stacks()))

    asked = questions()
    first, *rest = asked
    changed = (module.Question(first.id, first.name, Severity.ERROR, first.layer, broken, ()), *rest)
    monkeypatch.setattr(module, "questions", lambda: changed)
    report = report_on()
    assert isinstance(result_of(report, first.name).outcome, Crashed)
    assert report.verdict is Verdict.UNKNOWN
    assert len(report.results) == len(
        [question for question in asked if not {"imports", "expected"} & set(question.needs)]
    )


MOVED = [("torch", "2.4.0"), ("torch", "2.6.0"), ("torch", "2.13.0"), ("transformers", "4.45.2"),
         ("transformers", "5.3.0"), ("numpy", "1.24.4"), ("numpy", "2.2.6"), ("tensordict", "0.5.0"),
         ("tensordict", "0.7.2"), ("tensordict", "0.9.0"), ("tensordict", "0.12.0")]  # fmt: skip


def published(name: str, version: str) -> Distribution:
    release = load().release(name, version)
    requires = tuple(f"{key}{wanted}" for key, wanted in release.requires.items()) if release else None
    return distribution(name, version, requires=requires)


@pytest.mark.parametrize(("name", "version"), MOVED)
@pytest.mark.parametrize("stack", load().stacks(), ids=lambda stack: stack.name)
def test_the_first_cure_cures_and_breaks_nothing(stack: Any, name: str, version: str) -> None:
    pins = {**stack.pins, name: version}
    facts = facts_of({key: published(key, pin) for key, pin in pins.items()}, python=f"{stack.python}.3")
    report = examine(facts, load())
    if report.primary is None:
        return
    assert isinstance(report.primary.outcome, Failed)
    remedies = [finding.remedy for finding in report.primary.outcome.findings]
    if not all(remedy.pins for remedy in remedies):
        return
    for remedy in remedies:
        facts = cure.after(remedy, facts, load())
    cured = examine(facts, load())
    assert report.primary.name not in failing(cured)
    errors = {result.name for result in cured.results if result.severity is Severity.ERROR}
    assert failing(cured) & errors <= failing(report)


def test_a_broken_interpreter_comes_first() -> None:
    facts = facts_of(mismatched())
    target = replace(facts.target, python=None, installer="python3 -m pip install")
    report = examine(replace(facts, target=target), load())
    assert report.primary is not None
    assert report.primary.name == "python-not-found"
    commands = [c for r in report.results if isinstance(r.outcome, Failed) for f in r.outcome.findings
                for c in f.remedy.commands]  # fmt: skip
    assert len(commands) > 1
    assert not any("python3 -m pip" in command for command in commands)


def test_what_follows_from_an_allowed_driver_failure_is_allowed() -> None:
    driver = Driver(state="no-access", detail="no device files")
    changed: dict[str, Any] = {"driver": driver, "gpus": Unavailable("the driver cannot be asked")}
    assert report_on(**changed).verdict is Verdict.BROKEN
    report = report_on(allow=("driver-missing", "driver-unreachable"), **changed)
    assert report.verdict is Verdict.HEALTHY
    assert not report.fails(Severity.INFO)


@pytest.mark.parametrize(
    ("ruling", "severity", "verdict"),
    [
        pytest.param(None, Severity.ERROR, Verdict.BROKEN, id="no ruling"),
        pytest.param(Ruling(severity=Severity.WARNING, reason="r"), Severity.WARNING, Verdict.DEGRADED, id="demoted"),
        pytest.param(Ruling(severity=Severity.INFO, reason="r"), Severity.INFO, Verdict.HEALTHY, id="only told"),
        pytest.param(Ruling(severity=None, reason="r"), Severity.INFO, Verdict.HEALTHY, id="ignored"),
    ],
)
def test_a_ruling_says_how_much_a_failure_counts(ruling: Ruling | None, severity: Severity, verdict: Verdict) -> None:
    rulings = {"driver-missing": ruling} if ruling else {}
    facts = facts_of(HEALTHY, driver=Driver(state="absent", detail="none"), gpus=())
    report = examine(facts, load(), (), rulings)
    found = result_of(report, "driver-missing")
    assert isinstance(found.outcome, Failed)
    assert (found.severity, found.ruling, report.verdict) == (severity, ruling, verdict)
    assert found.allowed is (ruling is not None and ruling.severity is None)


def test_what_is_allowed_goes_before_a_ruling() -> None:
    facts = facts_of(HEALTHY, driver=Driver(state="absent", detail="none"), gpus=())
    report = examine(facts, load(), ("driver-missing",), {"driver-missing": Ruling(severity=Severity.ERROR)})
    assert report.verdict is Verdict.HEALTHY
