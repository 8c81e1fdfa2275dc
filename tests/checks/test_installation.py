"""Broken and duplicate distributions, a Python that is gone, a torch that is no CUDA build."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.checks.asked import findings
from tests.facts_of import PREFIX, SITE, distribution, facts_of, torch_of
from verl_doctor.facts.packages import Copy


@pytest.mark.parametrize(
    ("name", "broken", "commands"),
    [
        pytest.param("six", "six-1.0.dist-info has no METADATA", 2, id="reinstalled"),
        pytest.param("~ix", "left over", 0, id="leftover-is-another-check"),
        pytest.param("six", None, 0, id="whole"),
    ],
)
def test_broken(name: str, broken: str | None, commands: int) -> None:
    found = findings("broken-distribution", facts_of(packages={name: distribution(name, "1.0", broken=broken)}))
    assert [len(finding.remedy.commands) for finding in found] == ([commands] if commands else [])


@pytest.mark.parametrize(
    ("location", "copy_location", "copy_version", "said"),
    [
        pytest.param(SITE, SITE, "2.0", "lies twice in one folder", id="mixed"),
        pytest.param(SITE, SITE, "1.0", "has two metadata folders", id="mixed-same-version"),
        pytest.param("/home/u/.local/lib", SITE, "2.0", "hides 2.0 of this environment", id="user-site"),
        pytest.param("/home/u/.local/lib", SITE, "1.0", None, id="same-version"),
        pytest.param(SITE, "/usr/lib/python3/dist-packages", "2.0", None, id="venv-over-system"),
        pytest.param("/usr/local/lib/python3.12/dist-packages", SITE, "2.0", None, id="debian"),
    ],
)
def test_duplicate(location: str, copy_location: str, copy_version: str, said: str | None) -> None:
    copy = Copy(version=copy_version, location=copy_location, metadata=f"six-{copy_version}.dist-info")
    six = distribution("six", "1.0", location=location, copies=(copy,))
    found = findings("duplicate-distribution", facts_of(packages={"six": six}))
    assert [str(said) in finding.message for finding in found] == ([True] if said else [])


@pytest.mark.parametrize(
    ("changed", "found"),
    [({"python": None}, True), ({"python": None, "kind": "folder"}, False), ({}, False)],
    ids=["gone", "folder", "there"],
)
def test_python_not_found(changed: dict[str, Any], found: bool) -> None:
    facts = facts_of()
    facts = replace(facts, target=replace(facts.target, **changed))
    assert bool(findings("python-not-found", facts)) is found
    assert facts.target.prefix == PREFIX


@pytest.mark.parametrize(
    ("flavour", "others", "found"),
    [("cpu", {}, True), ("cuda", {}, False), ("rocm", {}, False), ("cpu", {"vllm-ascend": "0.11.0"}, False)],
)
def test_torch_without_cuda(flavour: str, others: dict[str, str], found: bool) -> None:
    facts = facts_of({"torch": "2.8.0", **others}, torch=torch_of("2.8.0", flavour=flavour, cuda=None))
    assert bool(findings("torch-without-cuda", facts)) is found


def test_leftover() -> None:
    left = distribution("~ip", "24.0", metadata="~ip-24.0.dist-info", broken="left over")
    (finding,) = findings("leftover-distribution", facts_of(packages={"~ip": left}))
    assert finding.remedy.commands == (f"rm -rf '{SITE}/~ip-24.0.dist-info' '{SITE}/~ip'",)


def test_the_cuda_build_comes_with_its_libraries() -> None:
    facts = facts_of({"torch": "2.8.0"}, torch=torch_of("2.8.0", flavour="cpu", cuda=None))
    (finding,) = findings("torch-without-cuda", facts)
    assert "--no-deps" not in finding.remedy.commands[0]
    assert finding.remedy.pins == (("torch", "2.8.0"),)
