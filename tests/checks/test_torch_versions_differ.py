"""torch's metadata and torch's files that name two versions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.checks.asked import findings
from tests.facts_of import PREFIX, SITE, distribution, facts_of, torch_of
from verl_doctor.cure import after
from verl_doctor.examine import examine
from verl_doctor.facts.packages import Copy
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.load import load
from verl_doctor.model import Finding

AGAIN = f"uv pip install --python {PREFIX}/bin/python --force-reinstall"
CU124 = "https://download.pytorch.org/whl/cu124"


def facts(stated: str, found: str, others: dict[str, Any] | None = None, **fields: Any) -> Facts:
    packages = {"torch": distribution("torch", stated, **fields), **(others or {})}
    return facts_of(packages, torch=replace(torch_of(found), version=found))


def asked(stated: str, found: str, **fields: Any) -> tuple[Finding, ...]:
    return findings("torch-versions-differ", facts(stated, found, **fields))


@pytest.mark.parametrize(
    ("stated", "found"),
    [
        pytest.param("2.5.1", "2.13.0+cu130", id="another-release"),
        pytest.param("2.5.1", "2.5.0+cu124", id="another-patch-release"),
        pytest.param("2.5.1+cu124", "2.5.1+cu121", id="another-build"),
        pytest.param("2.6.0", "2.6.0.dev20241112+cu124", id="nightly"),
        pytest.param("2.6.0a0+abc.nv24.10", "2.6.0a0+def.nv24.11", id="of-nvidia"),
    ],
)
def test_two_versions(stated: str, found: str) -> None:
    (finding,) = asked(stated, found)
    assert f"its metadata says {stated}, its files are of {found}" in finding.message
    assert finding.remedy.pins == (("torch", stated),)
    assert any(stated in line for line in finding.evidence)
    assert any(found in line for line in finding.evidence)


@pytest.mark.parametrize(
    ("stated", "found", "fields"),
    [
        pytest.param("2.5.1", "2.5.1+cu124", {}, id="of-the-index"),
        pytest.param("2.5.1+cu124", "2.5.1+cu124", {}, id="of-torchs-own-index"),
        pytest.param("2.5.1+cu124", "2.5.1", {}, id="tag-only-in-the-metadata"),
        pytest.param("2.6.0a0+ecf3bae40a.nv25.1", "2.6.0a0+ecf3bae40a.nv25.01", {}, id="spelt-differently"),
        pytest.param("2.5.1", "unknown", {}, id="no-version"),
        pytest.param("2.5.0a0+git1", "2.6.0a0+git2", {"editable": "/src/pytorch"}, id="checkout"),
        pytest.param("2.5.1", "2.6.0", {"location": "/elsewhere"}, id="files-of-another-place"),
        pytest.param("2.5.1", "2.6.0", {"broken": "it has no METADATA"}, id="broken-is-said-already"),
        pytest.param(
            "2.5.1",
            "2.6.0",
            {"copies": (Copy(version="2.6.0", location=SITE, metadata="torch-2.6.0.dist-info"),)},
            id="twice-is-said-already",
        ),
    ],
)
def test_silent(stated: str, found: str, fields: dict[str, Any]) -> None:
    assert asked(stated, found, **fields) == ()


def test_silent_without_metadata() -> None:
    assert findings("torch-versions-differ", replace(facts("2.5.1", "2.6.0"), packages={})) == ()


@pytest.mark.parametrize(
    ("stated", "others", "fields", "command"),
    [
        pytest.param("2.5.1", {}, {}, "'torch==2.5.1'", id="of-the-index"),
        pytest.param(
            "2.5.1+cu124", {}, {}, f"--no-deps --index-url {CU124} 'torch==2.5.1+cu124'", id="of-torchs-own-index"
        ),
        pytest.param(
            "2.5.1", {"fsspec": "2024.6.1"}, {}, "'torch==2.5.1' 'fsspec==2024.6.1'", id="what-torch-shares-stays"
        ),
        pytest.param(
            "2.5.1",
            {"vllm": distribution("vllm", "0.8.5", requires=("torch==2.6.0",))},
            {},
            "'torch==2.6.0'",
            id="the-one-that-vllm-was-compiled-for",
        ),
        pytest.param(
            "2.6.0+cu124",
            {"vllm": distribution("vllm", "0.8.5", requires=("torch==2.6.0",))},
            {},
            f"--no-deps --index-url {CU124} 'torch==2.6.0+cu124'",
            id="the-build-that-vllm-fits",
        ),
        pytest.param("2.5.1+x", {}, {"url": "https://x/t.whl"}, "--no-deps 'torch @ https://x/t.whl'", id="of-a-url"),
    ],
)
def test_cure(stated: str, others: dict[str, Any], fields: dict[str, Any], command: str) -> None:
    (finding,) = findings("torch-versions-differ", facts(stated, "2.13.0+cu130", others, **fields))
    assert finding.remedy.commands == (f"{AGAIN} {command}",)


def test_the_cure_cures() -> None:
    others = {
        "verl": "0.4.1",
        "vllm": distribution("vllm", "0.8.5", requires=("torch==2.6.0",)),
        "tensordict": "0.6.2",
        "transformers": "4.52.4",
    }
    broken = facts("2.6.0", "2.13.0+cu130", others)
    (finding,) = findings("torch-versions-differ", broken)
    assert findings("torch-versions-differ", after(finding.remedy, broken, load())) == ()
    primary = examine(broken, load()).primary
    assert primary is not None
    assert primary.name == "torch-versions-differ"
