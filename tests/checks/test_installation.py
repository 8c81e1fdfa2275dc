"""Broken and duplicate distributions, a Python that is gone, a torch that is no CUDA build."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.checks.asked import findings
from tests.facts_of import PREFIX, SITE, distribution, facts_of, torch_of
from verl_doctor.facts.damage import Damage
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


INSTALL = f"uv pip install --python {PREFIX}/bin/python --force-reinstall --no-deps"
URL = "https://github.com/vllm-project/vllm"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(Damage(gone=("vllm/_C.abi3.so",)), "incomplete: vllm/_C.abi3.so is gone.", id="one"),
        pytest.param(Damage(gone=("a", "b")), "a, b are gone.", id="two"),
        pytest.param(Damage(gone=tuple("abcde")), "a, b, c and 2 more of its files are gone.", id="many"),
        pytest.param(Damage(cut_short=("a",)), "incomplete: a is cut short.", id="cut-short"),
        pytest.param(Damage(gone=("a",), cut_short=("b", "c")), "a is gone; b, c are cut short.", id="both"),
    ],
)
def test_files_that_are_gone(damage: Damage, said: str) -> None:
    facts = facts_of({"vllm": "0.9.2", "torch": "2.7.0"}, damage={"vllm": damage})
    (finding,) = findings("broken-distribution", facts)
    assert said in finding.message
    assert finding.remedy.commands == (f"{INSTALL} 'vllm==0.9.2'",)


@pytest.mark.parametrize(
    ("name", "version", "fields", "wanted"),
    [
        pytest.param("torch", "2.7.0", {}, "'torch==2.7.0'", id="of-the-index"),
        pytest.param(
            "torch",
            "2.7.0+cpu",
            {},
            "--index-url https://download.pytorch.org/whl/cpu 'torch==2.7.0+cpu'",
            id="of-torchs-own-index",
        ),
        pytest.param("vllm", "1", {"url": f"{URL}/v.whl"}, f"'vllm @ {URL}/v.whl'", id="of-a-url"),
        pytest.param("vllm", "1", {"url": URL, "commit": "abc"}, f"'vllm @ git+{URL}@abc'", id="of-a-commit"),
        pytest.param("vllm", "1", {"url": "direct_url.json cannot be read"}, "'vllm==1'", id="of-an-unknown-url"),
    ],
)
def test_the_same_build_is_installed_again(name: str, version: str, fields: dict[str, Any], wanted: str) -> None:
    packages = {name: distribution(name, version, **fields)}
    (finding,) = findings("broken-distribution", facts_of(packages, damage={name: Damage(gone=("x.so",))}))
    assert finding.remedy.commands == (f"{INSTALL} {wanted}",)


def test_broken_metadata_is_said_first() -> None:
    packages = {"vllm": distribution("vllm", "0.9.2", broken="it has no METADATA")}
    (finding,) = findings("broken-distribution", facts_of(packages, damage={"vllm": Damage(gone=("x.so",))}))
    assert "not properly installed" in finding.message


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
