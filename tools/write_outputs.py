"""Writes docs/outputs: what preflight says of a broken and of a healthy node, in every format.

python tools/write_outputs.py [--check]

With --check nothing is written; the exit code is 1 where a file is out of date. The broken node is a recorded one
(tests/data/facts). For the healthy one the GPUs, the driver and the system are recorded, the smoke test is the one of
docs/gpu-results, and the packages are those of the recommended stack that was tried there: no node with all of them
was recorded whole. Both are judged by examples/policy/verl-doctor.toml, as of one day.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from verl_doctor.cli.reports import ReportFormat
from verl_doctor.facts.codec import parse
from verl_doctor.facts.packages import Distribution
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.torch import Torch
from verl_doctor.facts.vllm import Vllm
from verl_doctor.matrix.load import load
from verl_doctor.model import Severity, Unavailable
from verl_doctor.preflight.policy_file import find
from verl_doctor.preflight.result import Preflight
from verl_doctor.preflight.run import Wish, of_facts
from verl_doctor.report.of_preflight import OfPreflight
from verl_doctor.smoke.outcome import SmokeTest
from verl_doctor.smoke.results import ProbeResult
from verl_doctor.smoke.sessions import Device, Level

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "outputs"
POLICY = "examples/policy/verl-doctor.toml"
TODAY = date(2026, 11, 26)
STACK = "verl-0.9.1-vllm-0.24.0"
SMOKE_TEST = "vllm-0.24.0-one-h200-full-warm"
ENDINGS = {
    "text": "txt",
    "junit": "xml",
    "sarif": "sarif",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "markdown": "md",
}


def main() -> None:
    """Write the files, or exit with 1 where one is out of date."""
    if "--check" in sys.argv:
        raise SystemExit(any(written(name) != text for name, text in outputs().items()))
    FOLDER.mkdir(exist_ok=True)
    for name, text in outputs().items():
        (FOLDER / name).write_text(text, "utf-8")


def written(name: str) -> str | None:
    """Return a file as it is; None where there is none."""
    path = FOLDER / name
    return path.read_text("utf-8") if path.is_file() else None


@cache
def outputs() -> dict[str, str]:
    """Return the files by name."""
    nodes = {"broken": broken(), "healthy": healthy()}
    return {
        f"{name}.{ENDINGS.get(form.value, form.value)}": _render(preflight, form)
        for name, preflight in nodes.items()
        for form in ReportFormat
    }


def _render(preflight: Preflight, form: ReportFormat) -> str:
    return OfPreflight(preflight=preflight, matrix=load(), today=TODAY).render(form.value)


def broken() -> Preflight:
    """Return what preflight says of an environment in which torch was replaced beside vLLM."""
    facts = _recorded("vllm-0.7.2-beside-torch-2.13-cpu")
    return of_facts(facts, load(), _wish())


def healthy() -> Preflight:
    """Return what preflight says of an H200 with a recommended stack."""
    judged = of_facts(_with_stack(_recorded("two-h200-torch-2.11")), load(), _wish())
    return replace(judged, smoke_test=_smoke_test())


def _wish() -> Wish:
    policy = find(ROOT / POLICY, ROOT)
    assert policy is not None
    return Wish(
        level=Level.FULL,
        fail_on=policy.fail_on or Severity.ERROR,
        policy=replace(policy, origin=POLICY),
        today=TODAY,
    )


def _recorded(name: str) -> Facts:
    return parse((ROOT / f"tests/data/facts/{name}.json").read_bytes(), name)


def _with_stack(facts: Facts) -> Facts:
    """Return the facts with the packages of a recommended stack."""
    stack = next(stack for stack in load().stacks() if stack.name == STACK)
    site = f"{facts.target.prefix}/lib/python3.12/site-packages"
    packages = {
        name: Distribution(name=name, version=version, location=site, metadata=f"{name}-{version}.dist-info")
        for name, version in {**stack.pins, "flash-attn": stack.flash_attn}.items()
    }
    torch, gpus, patches = facts.torch, facts.gpus, facts.patches
    assert isinstance(torch, Torch)
    assert not isinstance(gpus, Unavailable)
    assert not isinstance(patches, Unavailable)
    return replace(
        facts,
        packages=packages,
        torch=replace(torch, version=f"{stack.pins['torch']}+cu130", cuda=stack.cuda),
        vllm=Vllm(location=f"{site}/vllm", cumem_allocator=True),
        libraries=(),
        gpus=gpus[:1],  # as the smoke test had
        patches={
            name: replace(state, version=stack.pins["vllm"], state="fixed-upstream", reason=None)
            for name, state in patches.items()
        },
        binaries={},
        broken_patches=(),
    )


def _smoke_test() -> SmokeTest:
    told: dict[str, Any] = json.loads((ROOT / f"docs/gpu-results/{SMOKE_TEST}.json").read_text())
    return SmokeTest(
        level=Level(told["level"]),
        device=Device(told["device"]),
        results=tuple(
            ProbeResult(
                name=each["name"],
                outcome=each["outcome"],
                seconds=each["seconds"],
                measurements=each["measurements"],
                reason=each.get("reason"),
            )
            for each in told["probes"]
        ),
        patches={},
        seconds=told["seconds"],
    )


if __name__ == "__main__":
    main()
