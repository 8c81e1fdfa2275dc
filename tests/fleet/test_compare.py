from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.facts_of import GIB, distribution, driver_of, facts_of, gpu_of, torch_of
from verl_doctor.facts.compiler import Compiler
from verl_doctor.facts.contents import Contents
from verl_doctor.facts.damage import Damage
from verl_doctor.facts.disks import Disk
from verl_doctor.facts.imports import Import
from verl_doctor.facts.libraries import Library
from verl_doctor.facts.limits import Limits
from verl_doctor.facts.nvml import Gpu
from verl_doctor.facts.patches import PatchState, State
from verl_doctor.facts.snapshot import Facts
from verl_doctor.fleet.compare import Comparison, compare
from verl_doctor.fleet.tally import Tally
from verl_doctor.fleet.trait import known
from verl_doctor.host import Limit, Space
from verl_doctor.model import Severity, Unavailable

PACKAGES = {"verl": "0.4.1", "vllm": "0.8.5", "torch": "2.6.0", "tensordict": "0.6.2", "transformers": "4.51.1"}


def compared(*nodes: Facts) -> Comparison:
    tally = Tally()
    for number, facts in enumerate(nodes, 1):
        tally.add(f"node{number}", facts)
    return compare(tally)


def node(packages: dict[str, Any] | None = None, **overrides: Any) -> Facts:
    return facts_of({**PACKAGES, "ray": "2.46.0", "numpy": "1.26.4", "flash-attn": "", **(packages or {})}, **overrides)


def limits(**overrides: Any) -> Limits:
    found = node().limits
    assert isinstance(found, Limits)
    return replace(found, **overrides)


def library(version: str) -> Library:
    return Library(name="nccl", version=version, cuda="12", provider="nvidia-nccl-cu12", path="/site")


def patch(state: State) -> PatchState:
    return PatchState(id="VDP002", distribution="vllm", version="0.7.2", file="vllm/executor.py", state=state)


def gpus(count: int, **overrides: Any) -> tuple[Gpu, ...]:
    return tuple(gpu_of(index, **overrides) for index in range(count))


CHECKOUT = distribution("verl", "0.4.1", editable="/src/verl", commit="0123456789abcdef")
DISK = Disk(purpose="HF_HOME", path="/data/hf", total=4096 * GIB, free=3000 * GIB, writable=True)
IMPORT = Import(outcome="works", version="0.8.5")
DIFFERENT: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, str]]] = {
    "python": ({}, {"python": "3.11.9"}, {"python-differs": "Python"}),
    "python's last digit": ({}, {"python": "3.12.4"}, {"python-differs": "Python 3.12"}),
    "ray": ({}, {"packages": {"ray": "2.47.0"}}, {"ray-differs": "ray"}),
    "verl": ({}, {"packages": {"verl": "0.5.0"}}, {"verl-differs": "verl"}),
    "a checkout of verl": ({}, {"packages": {"verl": CHECKOUT}}, {"verl-differs": "verl"}),
    "vllm": ({}, {"packages": {"vllm": "0.8.4"}}, {"engine-differs": "vllm"}),
    "torch's build": (
        {"torch": torch_of("2.6.0")},
        {"torch": replace(torch_of("2.6.0"), version="2.6.0+cu126", cuda="12.6")},
        {"torch-differs": "torch"},
    ),
    "tensordict": ({}, {"packages": {"tensordict": "0.8.0"}}, {"trainer-libraries-differ": "tensordict"}),
    "transformers": ({}, {"packages": {"transformers": "4.52.0"}}, {"trainer-libraries-differ": "transformers"}),
    "nccl": ({"libraries": (library("2.21.5"),)}, {"libraries": (library("2.22.3"),)}, {"nccl-differs": "NCCL of "}),
    "a GPU less": ({"gpus": gpus(8)}, {"gpus": gpus(7)}, {"gpu-count-differs": "GPUs"}),
    "no GPU": ({"gpus": gpus(8)}, {"gpus": ()}, {"gpu-count-differs": "GPUs"}),
    "a patch": (
        {"patches": {"vllm07-local-rank": patch("applied")}},
        {"patches": {"vllm07-local-rank": patch("applicable")}},
        {"patch-state-differs": "patch vllm07-local-rank"},
    ),
    "an edited file": (
        {"contents": {"vllm": Contents(digest="aa")}},
        {"contents": {"vllm": Contents(digest="aa", other={"vllm/config.py": "bb"})}},
        {"installation-differs": "vllm: vllm/config.py"},
    ),
    "another build of one version": (
        {"contents": {"vllm": Contents(digest="aa")}},
        {"contents": {"vllm": Contents(digest="bb")}},
        {"installation-differs": "files of vllm"},
    ),
    "a lost file": ({}, {"damage": {"torch": Damage(gone=("a.so",))}}, {"damage-differs": "files of torch"}),
    "an import": (
        {"imports": {"vllm": IMPORT}},
        {"imports": {"vllm": replace(IMPORT, outcome="fails", error="OSError: libcuda.so.1")}},
        {"import-differs": "import of vllm"},
    ),
    "another GPU": ({"gpus": gpus(1)}, {"gpus": gpus(1, name="NVIDIA H100")}, {"gpu-kind-differs": "GPU"}),
    "less memory": ({"gpus": gpus(1)}, {"gpus": gpus(1, memory_total=80 * GIB)}, {"gpu-kind-differs": "memory of a G"}),
    "MIG": ({"gpus": gpus(1)}, {"gpus": gpus(1, mig=True)}, {"gpu-kind-differs": "MIG"}),
    "driver": ({}, {"driver": driver_of("580.95.05")}, {"driver-differs": "driver"}),
    "a variable": ({}, {"env": {"NCCL_P2P_DISABLE": "1"}}, {"environment-differs": "NCCL_P2P_DISABLE"}),
    "shm": ({}, {"limits": limits(shm=Space(GIB, GIB))}, {"limits-differ": "/dev/shm"}),
    "open files": ({}, {"limits": limits(open_files=Limit(1024, 1024))}, {"limits-differ": "open files"}),
    "disk": ({}, {"disks": (replace(DISK, total=100 * GIB),)}, {"disks-differ": "HF_HOME"}),
    "read-only": ({}, {"disks": (replace(DISK, writable=False),)}, {"disks-differ": "HF_HOME, access"}),
    "compiler": ({}, {"compiler": Compiler(cc=None, python_h="/usr/include")}, {"system-differs": "C compiler"}),
    "another package": ({}, {"packages": {"numpy": "2.0.0"}}, {"packages-differ": "numpy"}),
    "what is not known": ({}, {"gpus": Unavailable("NVML did not answer")}, {"facts-missing": "gpus"}),
}
SAME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a Python whose files tell no more": ({"python": "3.12.3"}, {"python": "3.12"}),
    "nothing": ({}, {}),
    "room that is left": ({}, {"disks": (replace(DISK, free=GIB),)}),
    "memory within a tenth": ({}, {"limits": limits(memory_total=2000 * GIB)}),
    "ranks and ids": ({"env": {"RANK": "0", "SLURM_NODEID": "0"}}, {"env": {"RANK": "1", "RAY_NODE_ID": "ab"}}),
    "its own address": ({"env": {"VLLM_HOST_IP": "10.0.0.1"}}, {"env": {"VLLM_HOST_IP": "10.0.0.4"}}),
    "its own GPUs": (
        {"env": {"CUDA_VISIBLE_DEVICES": "GPU-0a1b"}, "gpus": gpus(1, uuid="GPU-0a1b", memory_free=GIB)},
        {"env": {"CUDA_VISIBLE_DEVICES": "GPU-0c1d"}, "gpus": gpus(1, uuid="GPU-0c1d")},
    ),
    "a patch that only newer doctors know": (
        {"patches": {"vllm07-local-rank": patch("applied")}},
        {"patches": {}},
    ),
}


@pytest.mark.parametrize(("most", "one", "wanted"), DIFFERENT.values(), ids=DIFFERENT)
def test_finds_the_one_node_that_is_unlike_three(
    most: dict[str, Any], one: dict[str, Any], wanted: dict[str, str]
) -> None:
    found = compared(node(**most), node(**most), node(**most), node(**one))
    ((name, thing),) = wanted.items()
    assert {difference.name for difference in found.differences} >= {name}
    (difference,) = [d for d in found.differences if d.name == name and d.thing.startswith(thing)][:1]
    assert difference.has_majority
    assert difference.odd == ("node4",)
    assert difference.shares[0].nodes == ("node1", "node2", "node3")
    assert found.odd[0][0] == ("node4",)
    assert difference.remedy.text


@pytest.mark.parametrize(("most", "one"), SAME.values(), ids=SAME)
def test_is_silent_about_what_may_differ(most: dict[str, Any], one: dict[str, Any]) -> None:
    assert compared(node(**most), node(**most), node(**most), node(**one)).differences == ()


def test_its_own_name_in_a_path_makes_no_node_unlike_others() -> None:
    nodes = [node(env={"HF_HOME": f"/scratch/node{number}/hf"}) for number in (1, 2, 3)]
    assert compared(*nodes).differences == ()
    (difference,) = compared(*nodes, node(env={"HF_HOME": "/scratch/node1/hf"})).differences
    assert [share.value for share in difference.shares] == ["/scratch/<node>/hf", "/scratch/node1/hf"]


def test_every_kind_is_tried() -> None:
    tried = {name for _, _, wanted in DIFFERENT.values() for name in wanted}
    assert tried == {trait.name for trait in known()}


def test_what_breaks_verl_comes_first() -> None:
    found = compared(node(), node({"numpy": "2.0.0", "torch": "2.7.0", "verl": "0.5.0"}, python="3.12.4"))
    ranks = [(each.severity.rank, each.id) for each in found.differences]
    assert ranks == sorted(ranks)
    assert found.differences[0].severity is Severity.ERROR
    assert found.differences[0].name == "python-differs"


def test_two_nodes_have_no_majority() -> None:
    (difference,) = compared(node(), node({"ray": "2.47.0"})).differences
    assert not difference.has_majority
    assert difference.odd == ("node1", "node2")
    assert "decide for one" in difference.remedy.text


def test_the_cure_is_a_command_for_the_odd_node() -> None:
    (difference,) = compared(node(), node(), node({"ray": "2.47.0"})).differences
    assert difference.remedy.commands == ("uv pip install --python /opt/venv/bin/python ray==2.46.0",)
    assert "node3" in difference.remedy.text


def test_a_patch_is_cured_by_applying_it() -> None:
    having, without = ({"patches": {"vllm07-local-rank": patch(s)}} for s in ("applied", "applicable"))
    (difference,) = compared(node(**having), node(**having), node(**without)).differences
    assert difference.remedy.commands == ("verl-doctor patch --apply vllm07-local-rank",)


def test_what_only_one_node_has_is_not_installed_everywhere() -> None:
    (difference,) = compared(node(), node(), node({"flash-attn": "2.7.4"})).differences
    assert difference.remedy.commands == ()
    assert "Only node3 has it" in difference.remedy.text


def test_the_order_of_the_nodes_changes_nothing_but_names() -> None:
    one, other = node(), node({"numpy": "2.0.0", "ray": "2.47.0"})
    forth, back = compared(one, other, one), compared(other, one, one)
    assert [d.thing for d in forth.differences] == [d.thing for d in back.differences]
    assert [d.shares[1].nodes for d in forth.differences] == [("node2",)] * 2
    assert [d.shares[1].nodes for d in back.differences] == [("node1",)] * 2
