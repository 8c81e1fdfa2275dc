"""The report of a preflight as JSON: the contract of `schema_version` 1."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from verl_doctor.examine import failed
from verl_doctor.model import Ruling, Verdict
from verl_doctor.preflight.policy import Policy
from verl_doctor.preflight.result import NotTried, Patching, Preflight
from verl_doctor.preflight.summary import summary
from verl_doctor.report import json_report, patch_json, smoke_report
from verl_doctor.report.head import head
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.target import Target


def render(preflight: Preflight, today: date, *, with_facts: bool = False) -> str:
    """Return the report as one JSON object."""
    return json.dumps(document(preflight, today, with_facts=with_facts), indent=2) + "\n"


def document(preflight: Preflight, today: date, *, with_facts: bool = False) -> dict[str, Any]:
    """Return the report as plain values."""
    target = preflight.check.facts.target
    return {
        **head(target),
        "verdict": preflight.verdict.value,
        "exit_code": preflight.exit_code,
        "summary": summary(preflight),
        "check": json_report.document(preflight.check, _check_exit_code(preflight), with_facts=with_facts),
        "patches": _patches(preflight.patches),
        "smoke_test": _smoke_test(preflight.smoke_test, target),
        "policy": _policy(preflight, preflight.policy, today) if preflight.policy else None,
    }


def _check_exit_code(preflight: Preflight) -> int:
    if preflight.check.fails(preflight.fail_on):
        return 1
    return 3 if preflight.check.verdict is Verdict.UNKNOWN else 0


def _patches(patches: Patching) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "asked": patches.is_asked,
        "states": [patch_json.plain(name, state) for name, state in patches.states.items()],
        "changed": list(patches.changed),
    }
    if patches.refusal:
        plain["refused"] = {"reason": patches.refusal.reason, "exit_code": patches.refusal.exit_code}
    return plain


def _smoke_test(tried: SmokeTest | NotTried, target: Target) -> dict[str, Any]:
    if isinstance(tried, NotTried):
        return {"verdict": None, "wanted": tried.is_wanted, "reason": tried.reason}
    return smoke_report.document(tried, target)


def _policy(preflight: Preflight, policy: Policy, today: date) -> dict[str, Any]:
    """Return what the policy decides, what that changed here, and what has expired."""
    found = {result.name for result in preflight.check.results if failed(result)}
    in_force = policy.in_force(today)
    expect = policy.expect
    return {
        "file": policy.origin,
        "fail_on": preflight.fail_on.value,
        "checks": [
            {"name": name, **json_report.ruling(ruling), **_effect(name, ruling, found, in_force)}
            for name, ruling in policy.rulings.items()
        ],
        "expectations": {
            "gpus": expect.gpus,
            "gpu": expect.gpu,
            "driver": expect.driver,
            "versions": dict(expect.versions),
            "patches": list(policy.patches),
        },
    }


def _effect(name: str, ruling: Ruling, found: set[str], in_force: dict[str, Ruling]) -> dict[str, Any]:
    return {"expired": in_force.get(name) != ruling, "changed": name in in_force and name in found}
