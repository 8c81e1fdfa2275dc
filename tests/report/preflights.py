"""Preflights to write reports of: a node that is well, one that is not, and one that says nasty things."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from tests.facts_of import facts_of, gpu_of
from verl_doctor.examine import Report
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.patches import PatchState
from verl_doctor.matrix.load import load
from verl_doctor.model import (
    Crashed,
    Failed,
    Finding,
    Layer,
    Remedy,
    Result,
    Ruling,
    Severity,
    Skipped,
    Source,
    Unavailable,
    Verdict,
)
from verl_doctor.preflight.policy import Expectations, Policy
from verl_doctor.preflight.result import NotTried, Patching, Preflight, Refusal
from verl_doctor.preflight.run import Wish, judge
from verl_doctor.report.of_preflight import OfPreflight
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.results import ProbeResult
from verl_doctor.smoke.sessions import Device, Level

TODAY = date(2026, 11, 26)
STACK = {"verl": "0.9.1", "vllm": "0.24.0", "torch": "2.11.0", "tensordict": "0.10.0"}
IGNORED = Ruling(severity=None, reason="no GPU in this build", expires=date(2026, 12, 31))
POLICY = Policy(
    origin="verl-doctor.toml",
    rulings={"driver-missing": IGNORED, "ulimit-nofile": Ruling(severity=Severity.ERROR, expires=date(2026, 1, 1))},
    expect=Expectations(gpus=8, gpu="H200", driver=">=550", versions=(("verl", "==0.5.*"),)),
)
NO_TEST = NotTried(reason="the check found vllm-not-installed; --keep-going tries all the same", is_wanted=True)


def smoke_test(*results: ProbeResult, **given: Any) -> SmokeTest:
    fields: dict[str, Any] = {"level": Level.FULL, "device": Device.CUDA, "patches": {}, "seconds": 12.0, **given}
    return SmokeTest(results=results, **fields)


def passed(name: str = "rollout", seconds: float = 1.5) -> ProbeResult:
    return ProbeResult(name=name, outcome="passed", seconds=seconds)


def written(preflight: Preflight, **given: Any) -> OfPreflight:
    return OfPreflight(preflight=preflight, matrix=load(), today=TODAY, **given)


def healthy() -> Preflight:
    """Eight GPUs and a recommended stack; a probe was skipped."""
    report = judge(facts_of(STACK, gpus=tuple(map(gpu_of, range(8)))), load(), Wish(today=TODAY))
    skipped = ProbeResult(name="flash-attention", outcome="skipped", reason="flash-attn is not installed")
    return Preflight(
        check=report,
        patches=Patching(states={}),
        smoke_test=smoke_test(passed("import-vllm", 9.0), passed(), skipped),
        fail_on=Severity.ERROR,
    )


def broken() -> Preflight:
    """Nothing installed, no driver but that is ignored, a policy that expects more, patches refused."""
    facts = facts_of({"six": "1.0"}, driver=Driver(state="absent", detail="no kernel module"), gpus=())
    leak = PatchState(id="VDP004", distribution="vllm", version="0.7.2", file="vllm/engine.py", state="applicable")
    return Preflight(
        check=judge(facts, load(), Wish(policy=POLICY, today=TODAY)),
        patches=Patching(
            states={"v0-n-gt1-leak": leak}, is_asked=True, refusal=Refusal(reason="It is read-only.", exit_code=3)
        ),
        smoke_test=NO_TEST,
        fail_on=Severity.WARNING,
        policy=POLICY,
    )


def failing() -> Preflight:
    """A rollout that fails because a patch is missing."""
    leak = PatchState(id="VDP004", distribution="vllm", version="0.7.2", file="vllm/engine.py", state="applicable")
    failed = ProbeResult(name="sampling", outcome="failed", seconds=3.25, reason="965 objects stay", detail="a\nb")
    return Preflight(
        check=healthy().check,
        patches=Patching(states={"v0-n-gt1-leak": leak}),
        smoke_test=smoke_test(passed(), failed, patches={"v0-n-gt1-leak": leak}),
        fail_on=Severity.ERROR,
    )


def unknown() -> Preflight:
    """A node of which nothing can be had, and a check that broke; a patch was applied all the same."""
    hung = Unavailable("it hung")
    names = ("packages", "torch", "driver", "gpus", "toolkit", "limits", "node", "env", "patches")
    missing: dict[str, Any] = dict.fromkeys(names, hung)
    facts = replace(facts_of(STACK), python=hung, **missing)
    report = judge(facts, load(), Wish(today=TODAY))
    crashed = replace(report.results[0], outcome=Crashed("ZeroDivisionError: division by zero"))
    state = PatchState(id="VDP001", distribution="vllm", version="0.7.2", file="vllm/x.py", state="applied")
    return Preflight(
        check=replace(report, results=(crashed, *report.results[1:])),
        patches=Patching(states={"vllm07-world-size-assert": state}, is_asked=True, changed=("/site/vllm/x.py",)),
        smoke_test=smoke_test(
            ProbeResult(name="rollout", outcome="skipped", reason="there is no vLLM"), model=Path("/m")
        ),
        fail_on=Severity.ERROR,
    )


def saying(text: str) -> Preflight:
    """Every text that comes from elsewhere is this one."""
    finding = Finding(
        message=text,
        remedy=Remedy(text=text, commands=(text,)),
        evidence=(text,),
        sources=(Source(kind="measured", reference=text),),
    )
    results = (
        Result(
            id="VD012",
            name="verl-not-installed",
            severity=Severity.ERROR,
            layer=Layer.TRAINER,
            outcome=Failed((finding,)),
            primary=True,
        ),
        Result(
            id="VD200",
            name="driver-missing",
            severity=Severity.INFO,
            layer=Layer.DRIVER,
            outcome=Failed((finding,)),
            allowed=True,
            ruling=Ruling(severity=None, reason=text),
        ),
        Result(
            id="VD010",
            name="vllm-not-installed",
            severity=Severity.ERROR,
            layer=Layer.ENGINE,
            outcome=Skipped(text),
        ),
    )
    facts = facts_of({"six": text}, env={"VERL_X": text}, gpus=(gpu_of(name=text),))
    failed = ProbeResult(name="rollout", outcome="failed", reason=text, detail=text)
    state = PatchState(id="VDP002", distribution="vllm", version="0", file=text, state="applied", reason=text)
    return Preflight(
        check=Report(facts=facts, results=results, verdict=Verdict.BROKEN),
        patches=Patching(states={"p": state}, changed=(text,), refusal=Refusal(reason=text, exit_code=1)),
        smoke_test=smoke_test(failed),
        fail_on=Severity.ERROR,
        policy=Policy(origin=text),
    )
