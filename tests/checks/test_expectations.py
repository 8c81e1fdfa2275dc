"""What a policy expects: each finding is found, stays silent where it is so, and is open where it is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.checks.asked import findings
from tests.facts_of import distribution, facts_of, gpu_of
from verl_doctor.examine import examine, questions
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.expected import Expected, Lapsed
from verl_doctor.facts.patches import PatchState, State
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.load import load
from verl_doctor.model import Layer, Skipped, Unavailable

ABSENT = Driver(state="absent", detail="no kernel module")
HUNG = Driver(state="hung", detail="nvml did not answer")
LAPSED = Lapsed(check="driver-missing", severity="ignore", reason="no GPU yet", expires="2026-01-31")
PATCH = "vllm07-local-rank"


def expecting(facts: dict[str, Any], **expected: Any) -> Facts:
    given = {"packages": {"verl": "0.5.0"}, **facts}
    packages = given.pop("packages")
    made = facts_of({} if isinstance(packages, Unavailable) else packages, **given)
    whole = replace(made, packages=packages) if isinstance(packages, Unavailable) else made
    return replace(whole, expected=Expected(origin="p.toml", **expected))


def state(state: State, *, is_affected: bool = False) -> dict[str, PatchState]:
    known = PatchState(
        id="VDP002", distribution="vllm", version="0.7.2", file="vllm/x.py", state=state, is_affected=is_affected
    )
    return {PATCH: known}


@pytest.mark.parametrize(
    ("name", "facts", "expected", "said"),
    [
        pytest.param("gpu-count-unexpected", {}, {"gpus": 8}, ["1 GPU visible, and p.toml expects 8"], id="too few"),
        pytest.param(
            "gpu-count-unexpected", {"gpus": (gpu_of(), gpu_of(1))}, {"gpus": 1}, ["2 GPUs visible"], id="too many"
        ),
        pytest.param("gpu-count-unexpected", {}, {"gpus": 1}, [], id="as many"),
        pytest.param("gpu-count-unexpected", {"gpus": (), "driver": ABSENT}, {"gpus": 0}, [], id="none, as expected"),
        pytest.param("gpu-count-unexpected", {"gpus": Unavailable("hung")}, {}, [], id="nothing expected"),
        pytest.param(
            "gpu-model-unexpected",
            {"gpus": (gpu_of(), gpu_of(1, name="NVIDIA L40S"))},
            {"gpu": "H200"},
            ["1 of 2 GPUs are NVIDIA L40S, and p.toml expects 'H200'"],
            id="another model",
        ),
        pytest.param("gpu-model-unexpected", {}, {"gpu": "h200"}, [], id="a part of the name, in small letters"),
        pytest.param("gpu-model-unexpected", {}, {"gpu": "NVIDIA H?00"}, [], id="a pattern"),
        pytest.param("gpu-model-unexpected", {}, {"gpu": "H?00"}, ["1 of 1"], id="a pattern is of the whole name"),
        pytest.param("gpu-model-unexpected", {"gpus": ()}, {"gpu": "H200"}, [], id="no GPU is the count's matter"),
        pytest.param(
            "version-unexpected",
            {},
            {"versions": (("verl", "==0.6.*"), ("ray", ">=2"), ("python", ">=3.13"))},
            [
                "verl 0.5.0 is installed, and p.toml expects ==0.6.*",
                "ray is not installed, and p.toml expects >=2",
                "python 3.12.3 is installed, and p.toml expects >=3.13",
            ],
            id="other versions",
        ),
        pytest.param(
            "version-unexpected",
            {"packages": {"verl": "0.5.0", "torch": "2.6.0"}},
            {"versions": (("verl", "==0.5.*"), ("torch", "==2.6.0+cu124"), ("python", "==3.12.*"))},
            [],
            id="the versions, and torch's build",
        ),
        pytest.param("driver-unexpected", {}, {"driver": ">=590"}, ["The driver is 580.159.04"], id="older driver"),
        pytest.param("driver-unexpected", {}, {"driver": ">=550,<590"}, [], id="the driver"),
        pytest.param(
            "driver-unexpected", {"driver": ABSENT}, {"driver": ">=550"}, ["There is no driver"], id="no driver"
        ),
        pytest.param(
            "required-patch-missing",
            {"patches": state("applicable")},
            {"patches": (PATCH,)},
            ["p.toml requires the patch vllm07-local-rank, and vllm 0.7.2 has the bug without it"],
            id="to be applied",
        ),
        pytest.param(
            "required-patch-missing",
            {"patches": state("unrecognised", is_affected=True)},
            {"patches": (PATCH,)},
            ["has the bug without it"],
            id="not recognised",
        ),
        pytest.param("required-patch-missing", {"patches": state("applied")}, {"patches": (PATCH,)}, [], id="applied"),
        pytest.param(
            "required-patch-missing", {"patches": state("fixed-upstream")}, {"patches": (PATCH,)}, [], id="fixed"
        ),
        pytest.param("required-patch-missing", {"patches": state("absent")}, {"patches": (PATCH,)}, [], id="absent"),
        pytest.param("required-patch-missing", {"patches": state("applicable")}, {}, [], id="not required"),
        pytest.param(
            "policy-exception-expired",
            {},
            {"lapsed": (LAPSED,)},
            ["p.toml has driver-missing as ignore (no GPU yet) until 2026-01-31, which is over"],
            id="over",
        ),
        pytest.param("policy-exception-expired", {}, {}, [], id="none is over"),
    ],
)
def test_expectations(name: str, facts: dict[str, Any], expected: dict[str, Any], said: list[str]) -> None:
    found = findings(name, expecting(facts, **expected))
    assert len(found) == len(said)
    for finding, words in zip(found, said, strict=True):
        assert words in finding.message
        assert finding.remedy.text


@pytest.mark.parametrize(
    ("name", "facts", "expected"),
    [
        pytest.param("gpu-count-unexpected", {"gpus": Unavailable("hung")}, {"gpus": 8}, id="GPUs"),
        pytest.param("gpu-model-unexpected", {"gpus": Unavailable("hung")}, {"gpu": "H200"}, id="models"),
        pytest.param("driver-unexpected", {"driver": Unavailable("hung")}, {"driver": ">=550"}, id="driver"),
        pytest.param("driver-unexpected", {"driver": HUNG}, {"driver": ">=550"}, id="its version"),
        pytest.param(
            "version-unexpected", {"packages": Unavailable("no")}, {"versions": (("verl", ">0"),)}, id="packages"
        ),
        pytest.param(
            "version-unexpected", {"python": Unavailable("no")}, {"versions": (("python", ">3"),)}, id="Python"
        ),
        pytest.param("required-patch-missing", {"patches": Unavailable("no")}, {"patches": (PATCH,)}, id="patches"),
        pytest.param("required-patch-missing", {"patches": {}}, {"patches": (PATCH,)}, id="the state of a patch"),
    ],
)
def test_what_is_not_known_is_not_right(name: str, facts: dict[str, Any], expected: dict[str, Any]) -> None:
    question = next(question for question in questions() if question.name == name)
    assert isinstance(question.ask(expecting(facts, **expected), load()), Skipped)


def test_without_a_policy_nothing_is_expected() -> None:
    names = {result.name for result in examine(facts_of({"verl": "0.5.0"}), load()).results}
    assert not names & {question.name for question in questions() if question.id.startswith("VD80")}


def test_a_cure_of_an_exact_version_says_which_it_leads_to() -> None:
    facts = expecting({"packages": {"verl": distribution("verl", "0.5.0")}}, versions=(("verl", "==0.6.1"),))
    (finding,) = findings("version-unexpected", facts)
    assert finding.remedy.pins == (("verl", "0.6.1"),)
    assert finding.remedy.commands == ("uv pip install --python /opt/venv/bin/python 'verl==0.6.1'",)


def test_layers_are_those_of_what_they_are_about() -> None:
    layers = {question.name: question.layer for question in questions()}
    assert layers["gpu-count-unexpected"] is Layer.GPU
    assert layers["required-patch-missing"] is Layer.PATCH
