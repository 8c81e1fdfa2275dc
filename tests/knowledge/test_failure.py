"""How a failure is judged and what its finding says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.facts_of import GIB, distribution, facts_of, gpu_of, torch_of
from tests.matrix.small import matrix_of
from verl_doctor import knowledge
from verl_doctor.errors import DataError
from verl_doctor.facts.compiler import Compiler
from verl_doctor.facts.driver import Driver
from verl_doctor.facts.snapshot import Facts
from verl_doctor.facts.vllm import Vllm
from verl_doctor.knowledge.conditions import conditions
from verl_doctor.knowledge.judgement import Holds, HoldsNot, Judgement, Unknown, judge_any
from verl_doctor.knowledge.load import failures
from verl_doctor.matrix.load import load as load_matrix
from verl_doctor.matrix.strict_yaml import read
from verl_doctor.model import Failed, Finding, Skipped, Unavailable

MATRIX = load_matrix()
FAILURES = {failure.name: failure for failure in knowledge.load()}


def finding(name: str, facts: Facts) -> Finding:
    outcome = FAILURES[name].ask(facts, MATRIX)
    assert isinstance(outcome, Failed)
    (found,) = outcome.findings
    return found


def test_a_finding_says_what_was_found_and_what_cures_it() -> None:
    found = finding("tensordict-forkingpickler", facts_of({"verl": "0.4.1", "tensordict": "0.5.0", "torch": "2.6.0"}))
    assert found.message.endswith("so `import verl` fails at once (tensordict 0.5.0, torch 2.6.0).")
    assert found.evidence[0] == "tensordict 0.5.0 in /opt/venv/lib/python3.12/site-packages"
    assert found.about == {"tensordict", "torch"}
    assert found.remedy.text == "Install tensordict 0.6.2, the newest that verl 0.4.1 allows."
    assert found.remedy.commands == ("uv pip install --python /opt/venv/bin/python 'tensordict==0.6.2'",)
    assert found.remedy.pins == (("tensordict", "0.6.2"),)
    assert [source.kind for source in found.sources].count("issue") >= 2


def test_a_cure_takes_what_differs_from_the_recommended_stack() -> None:
    installed = {"verl": "0.7.0", "vllm": "0.14.0", "torch": "2.9.1", "tensordict": "0.10.0", "numpy": "1.26.4"}
    found = finding("vllm-workerwrapper-signature", facts_of(installed))
    assert found.remedy.pins == (("vllm", "0.12.0"), ("torch", "2.9.0"))
    assert found.remedy.commands == ("uv pip install --python /opt/venv/bin/python 'vllm==0.12.0' 'torch==2.9.0'",)
    assert "(verl-0.7.0-vllm-0.12.0)" in found.remedy.text


def test_a_cure_without_a_fitting_stack_falls_back() -> None:
    found = finding("vllm-workerwrapper-signature", facts_of({"verl": "0.7.0", "vllm": "0.14.0"}, python="3.13.1"))
    assert found.remedy.commands == ("uv pip install --python /opt/venv/bin/python 'vllm<=0.13.0'",)
    assert found.remedy.pins == ()


def test_a_cure_can_uninstall() -> None:
    found = finding("pynvml-shadow", facts_of({"pynvml": "11.5.3", "nvidia-ml-py": "12.575.51"}))
    assert found.remedy.commands[0] == "uv pip uninstall --python /opt/venv/bin/python pynvml"


def test_a_cure_fits_what_is_installed() -> None:
    found = finding("multiple-nccl", facts_of({
        "nvidia-nccl-cu12": "2.27.5", "nvidia-nccl-cu13": "2.28.9", "nvidia-cudnn-cu13": "9.19.0.56",
    }))  # fmt: skip
    assert found.remedy.commands[1].endswith("'nvidia-nccl-cu13==2.28.9'")


CVD = "CUDA_VISIBLE_DEVICES"
MISSING = Unavailable("permission denied")


@pytest.mark.parametrize(
    ("name", "facts", "reason"),
    [
        pytest.param(
            "tensordict-forkingpickler",
            facts_of({"tensordict": "main", "torch": "2.6.0"}),
            "tensordict main cannot be compared with >=0.3.0,<0.6.0",
            id="a version that is none",
        ),
        pytest.param(
            "python-too-old",
            facts_of({"verl": "0.5.0"}, python=MISSING),
            "permission denied",
            id="no interpreter",
        ),
        pytest.param("cvd-empty", facts_of(env=MISSING), "permission denied", id="no environment"),
        pytest.param("ulimit-nofile", facts_of(limits=MISSING), "permission denied", id="no limits"),
        pytest.param(
            "triton-no-compiler",
            facts_of({"torch": "2.6.0", "vllm": "0.8.5"}, compiler=MISSING),
            "permission denied",
            id="no answer about the compiler",
        ),
        pytest.param(
            "sleep-unsupported-platform",
            facts_of({"vllm": "0.8.5"}, torch=MISSING),
            "permission denied",
            id="torch cannot be read",
        ),
    ],
)
def test_what_is_unknown_is_skipped(name: str, facts: Facts, reason: str) -> None:
    assert FAILURES[name].ask(facts, MATRIX) == Skipped(reason)


def _judged(condition: str, **facts: Any) -> Judgement:
    value = read(condition, "some.yaml")
    return judge_any(conditions(value, "some.yaml:1"), facts_of(facts.pop("packages", {}), **facts))


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        ("{vllm: present}", {"packages": {"vllm": "1.0"}}, Holds),
        ("{vllm: present}", {}, HoldsNot),
        ("{vllm: absent}", {}, Holds),
        ("{vllm: absent}", {"packages": {"vllm": "1.0"}}, HoldsNot),
        ('{driver: "<580"}', {}, HoldsNot),
        ('{driver: ">=580"}', {}, Holds),
        ('{driver: ">=580"}', {"driver": Driver(state="absent", detail="no driver")}, Unknown),
        ('{driver: ">=580"}', {"driver": MISSING}, Unknown),
        ("{machine: x86_64}", {}, Holds),
        ("{machine: x86_64}", {"python": MISSING}, Unknown),
        ("{env: {A: present}}", {"env": {"A": ""}}, Holds),
        ("{env: {A: absent}}", {"env": {"A": ""}}, HoldsNot),
        ("{env-differ: [A, B]}", {"env": MISSING}, Unknown),
        ("{env-differ: [A, B]}", {"env": {"A": "1", "B": "2"}}, Holds),
        ("{env-differ: [A, B]}", {"env": {"A": "1"}}, HoldsNot),
        ("{flavour: cuda}", {}, Unknown),
        ('{vllm: ">1", numpy: "<2"}', {"packages": {"vllm": "main", "numpy": "2.0"}}, HoldsNot),
        ('{vllm: ">1", numpy: "<2"}', {"packages": {"vllm": "main", "numpy": "1.0"}}, Unknown),
        ('[{vllm: ">1"}, {numpy: "<2"}]', {"packages": {"vllm": "main", "numpy": "1.0"}}, Holds),
        ('[{vllm: ">1"}, {numpy: "<2"}]', {"packages": {"vllm": "main", "numpy": "2.0"}}, Unknown),
        ('[{vllm: ">1"}, {numpy: "<2"}]', {"packages": {"vllm": "0.5", "numpy": "2.0"}}, HoldsNot),
    ],
)
def test_three_valued_logic(condition: str, facts: dict[str, Any], expected: type[Judgement]) -> None:
    assert isinstance(_judged(condition, **facts), expected)


BUSY: dict[str, Any] = {"memory_free": 20 * GIB}
A100: dict[str, Any] = {"name": "NVIDIA A100-SXM4-80GB", "compute_capability": "8.0"}
MUTE: dict[str, Any] = {"memory_free": None, "compute_capability": None}
TORCH = {"torch": torch_of("2.6.0")}


@pytest.mark.parametrize(
    ("condition", "facts", "expected"),
    [
        ('{cuda: "<13"}', TORCH, Holds),
        ('{cuda: ">=13"}', TORCH, HoldsNot),
        ('{cuda: "<13"}', {"torch": torch_of("2.6.0", flavour="cpu", cuda=None)}, HoldsNot),
        ('{cuda: "<13"}', {"torch": MISSING}, Unknown),
        ("{untagged: vllm}", {"packages": {"vllm": "0.20.0"}}, Holds),
        ("{untagged: vllm}", {"packages": {"vllm": "0.20.0+cu129"}}, HoldsNot),
        ("{untagged: vllm}", {"packages": {"vllm": distribution("vllm", "0.20.0", editable="/src")}}, HoldsNot),
        ("{untagged: vllm}", {}, HoldsNot),
        ('{capability: "!=9.0"}', {}, HoldsNot),
        ('{capability: "!=9.0"}', {"gpus": (gpu_of(), gpu_of(1, **A100))}, Holds),
        ('{capability: "!=9.0"}', {"gpus": (gpu_of(), gpu_of(1, **A100)), "env": {CVD: "0"}}, HoldsNot),
        ('{capability: "!=9.0"}', {"gpus": (gpu_of(**MUTE),)}, Unknown),
        ('{capability: "!=9.0"}', {"gpus": ()}, HoldsNot),
        ('{capability: "!=9.0"}', {"gpus": MISSING}, Unknown),
        ("{gpu: 'GB[23]00'}", {"gpus": (gpu_of(name="NVIDIA GB200"),)}, Holds),
        ("{gpu: 'GB[23]00'}", {"gpus": (gpu_of(name="NVIDIA B200"),)}, HoldsNot),
        ('{gpu-free: "<50%"}', {}, HoldsNot),
        ('{gpu-free: "<50%"}', {"gpus": (gpu_of(), gpu_of(1, **BUSY))}, Holds),
        ('{gpu-free: "<50%"}', {"gpus": (gpu_of(), gpu_of(1, **BUSY)), "env": MISSING}, Holds),
        ('{gpu-free: "<50%"}', {"gpus": (gpu_of(), gpu_of(1, **BUSY)), "env": {CVD: "1"}}, Holds),
        ('{gpu-free: "<50%"}', {"gpus": (gpu_of(), gpu_of(1, **BUSY)), "env": {CVD: "GPU-0a1b2c3d"}}, Holds),
        ('{gpu-free: "<50%"}', {"gpus": (gpu_of(), gpu_of(1, **BUSY)), "env": {CVD: "MIG-7"}}, Holds),
        ('{gpu-free: "<50%"}', {"gpus": (gpu_of(), gpu_of(1, **BUSY)), "env": {CVD: "0, 2"}}, HoldsNot),
        ('{gpu-free: "<50%"}', {"gpus": (gpu_of(**MUTE),)}, Unknown),
        ("{missing: cumem-allocator}", {"packages": {"vllm": "0.8.5"}}, HoldsNot),
        ("{missing: cumem-allocator}", {"vllm": Vllm(location="/site/vllm", cumem_allocator=False)}, Holds),
        ("{missing: cumem-allocator}", {}, Unknown),
    ],
)
def test_conditions_on_builds_and_gpus(condition: str, facts: dict[str, Any], expected: type[Judgement]) -> None:
    assert isinstance(_judged(condition, **facts), expected)


def test_a_gpu_in_use_is_named() -> None:
    judged = _judged('{gpu-free: "<50%"}', gpus=(gpu_of(3, **BUSY),))
    assert isinstance(judged, Holds)
    assert [seen.what for seen in judged.seen] == ["GPU 3 has 20 of 141 GiB free"]


def test_shared_memory_of_unknown_size() -> None:
    healthy = facts_of()
    assert not isinstance(healthy.limits, Unavailable)
    facts = facts_of(limits=replace(healthy.limits, shm=None))
    assert FAILURES["shm-too-small"].ask(facts, MATRIX) == Skipped("the size of /dev/shm is not known")


def test_packages_that_cannot_be_read() -> None:
    facts = replace(facts_of(), packages=MISSING)
    assert FAILURES["pyarrow26-numpy1"].ask(facts, MATRIX) == Skipped("permission denied")


ENTRY = """\
first-failure:
  id: VD901
  severity: error
  layer: node
  when: {env: {A: present}}
  title: It does not work
  cause: Because.
  cure: CURE
  sources: [told]
"""


@pytest.mark.parametrize(
    ("cure", "message"),
    [
        ("[{text: 'Use {tool}.'}]", "The cure 'Use {tool}.' has the unknown placeholder {tool}."),
        (
            "[{when: {vllm: present}, text: Update.}]",
            "No cure of 'first-failure' fits; the last one must fit always.",
        ),
        ("[{stack: [vllm], text: Update.}]", "No cure of 'first-failure' fits; the last one must fit always."),
    ],
    ids=["placeholder", "none fits", "no stack"],
)
def test_a_cure_that_cannot_be_given(cure: str, message: str) -> None:
    matrix = matrix_of()
    (failure,) = failures([("some.yaml", ENTRY.replace("CURE", cure))], matrix)
    with pytest.raises(DataError) as caught:
        failure.ask(facts_of(env={"A": "1"}), matrix)
    assert str(caught.value) == message


def test_headers_of_an_unknown_python_are_unknown() -> None:
    facts = facts_of(
        {"torch": "2.6.0", "vllm": "0.8.5"}, python=MISSING, compiler=Compiler(cc="/usr/bin/gcc", python_h=None)
    )
    assert isinstance(FAILURES["triton-no-compiler"].ask(facts, MATRIX), Skipped)
