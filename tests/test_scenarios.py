"""Environments that other doctors judge wrong: each gets the right conclusion, the same in text, JSON and exit code.

Imports that raise or hang (scenarios D and E) are in tests/cli/test_deep.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.doctor import doctor
from tests.facts_of import distribution, driver_of, facts_of, torch_of
from verl_doctor.facts import codec
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.toolkit import Toolkit
from verl_doctor.matrix.load import load
from verl_doctor.model import Severity

NO_TOOLKIT = Toolkit(nvcc=None, version=None, cuda_home=None)
NVCC = Toolkit(nvcc="/usr/local/cuda/bin/nvcc", version="12.4", cuda_home="/usr/local/cuda")
OLD_DRIVER = driver_of("550.54.15")


def stack(name: str, **others: Any) -> Facts:
    """A recommended stack, installed on a node with a driver for CUDA 12.4 and without a toolkit."""
    pins = next(stack for stack in load().stacks() if stack.name == name).pins
    installed = {each: version for each, version in pins.items() if each not in {"ninja", "wheel"}}
    facts = {"driver": OLD_DRIVER, "toolkit": NO_TOOLKIT, "torch": torch_of(pins["torch"]), **others}
    return facts_of(installed, python="3.10.14", **facts)


CU124 = "verl-0.5.0-vllm-0.8.5.post1"
CU128 = "verl-0.8.0-vllm-0.12.0"


@pytest.mark.parametrize(
    ("facts", "exit_code", "primary"),
    [
        pytest.param(stack(CU124), 0, None, id="A: a cu124 torch and no toolkit"),
        pytest.param(stack(CU128), 0, None, id="B: a cu128 torch on a driver for CUDA 12.4"),
        pytest.param(
            facts_of(
                {"verl": "0.9.1", "vllm": "0.24.0", "torch": "2.11.0", "tensordict": "0.10.0"},
                torch=torch_of("2.11.0", cuda="13.0"),
                driver=OLD_DRIVER,
            ),
            1,
            "driver-too-old",
            id="C: a cu130 torch on a driver for CUDA 12",
        ),
        pytest.param(stack(CU124, toolkit=NVCC), 0, None, id="F: nvcc is on PATH"),
        pytest.param(
            facts_of(
                {
                    "vllm": distribution("vllm", "0.7.2", requires=("torch==2.5.1",)),
                    "torch": "2.13.0",
                    "verl": "0.3.0.post1",
                    "tensordict": "0.6.2",
                }
            ),
            1,
            "vllm-torch-pin-mismatch",
            id="G: vLLM 0.7.2 beside torch 2.13",
        ),
    ],
)
def test_the_conclusion(tmp_path: Path, facts: Facts, exit_code: int, primary: str | None) -> None:
    file = tmp_path / "facts.json"
    file.write_text(json.dumps(codec.document(facts)))
    as_json, as_text = (doctor("check", "--facts", file, "--format", how) for how in ("json", "text"))
    document = json.loads(as_json.stdout)
    assert (as_json.returncode, as_text.returncode, document["exit_code"]) == (exit_code,) * 3
    assert next((each["name"] for each in document["results"] if each["primary"]), None) == primary
    assert document["verdict"].upper() in as_text.stdout
    found = [each for each in document["results"] if each["outcome"] == "failed"]
    assert all(each["name"] in as_text.stdout for each in found)
    if exit_code == 0:
        assert not [each["name"] for each in found if each["severity"] == Severity.ERROR.value]


@pytest.mark.parametrize(
    ("versions", "name"),
    [
        pytest.param({"0.9.1": True, "0.6.2": True}, "duplicate-distribution", id="H: two dist-info of one package"),
        pytest.param({"0.9.1": False}, "broken-distribution", id="H: a dist-info without METADATA"),
    ],
)
def test_broken_installations_are_found(tmp_path: Path, versions: dict[str, bool], name: str) -> None:
    for version, is_described in versions.items():
        folder = tmp_path / f"tensordict-{version}.dist-info"
        folder.mkdir()
        if is_described:
            (folder / "METADATA").write_text(f"Name: tensordict\nVersion: {version}\n")
    as_json, as_text = (doctor("check", "--prefix", tmp_path, "--format", how) for how in ("json", "text"))
    outcomes = {each["name"]: each["outcome"] for each in json.loads(as_json.stdout)["results"]}
    assert outcomes[name] == "failed"
    assert name in as_text.stdout
    assert as_json.returncode == as_text.returncode == 1
