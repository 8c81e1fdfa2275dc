"""verl beside vLLM: its own gate, what is known to work, what vLLM wants of transformers, unknown releases."""

from __future__ import annotations

import pytest

from tests.checks.asked import findings
from tests.facts_of import distribution, facts_of


@pytest.mark.parametrize(
    ("verl", "vllm", "found"),
    [
        pytest.param("0.9.1", "0.11.0", True, id="too-old"),
        pytest.param("0.9.1", "0.24.0", False, id="fits"),
        pytest.param("0.5.0", "0.6.3", True, id="dropped"),
        pytest.param("0.3.0.post1", "0.6.3.post1", True, id="exact-string-only"),
        pytest.param("0.3.0.post1", "0.6.3", False, id="exact-string"),
        pytest.param("0.8.0", "0.12.0", False, id="window"),
    ],
)
def test_removed_by_verl(verl: str, vllm: str, found: bool) -> None:
    facts = facts_of({"verl": verl, "vllm": vllm, "torch": "2.8.0"})
    assert bool(findings("vllm-removed-by-verl", facts)) is found


@pytest.mark.parametrize(
    ("verl", "vllm", "found"),
    [
        pytest.param("0.8.0", "0.12.0", False, id="declared"),
        pytest.param("0.6.0", "0.10.0", False, id="usable-though-not-declared"),
        pytest.param("0.8.0", "0.17.0", True, id="nobody-vouches"),
        pytest.param("9.9", "0.17.0", False, id="unknown-verl"),
    ],
)
def test_untested(verl: str, vllm: str, found: bool) -> None:
    assert bool(findings("vllm-untested-with-verl", facts_of({"verl": verl, "vllm": vllm}))) is found


@pytest.mark.parametrize(("transformers", "found"), [("5.23.0", True), ("4.57.6", False), (None, False)])
def test_transformers_range(transformers: str | None, found: bool) -> None:
    packages = {"vllm": distribution("vllm", "0.12.0", requires=("transformers<5,>=4.56.0", "torch==2.9.0"))}
    if transformers:
        packages["transformers"] = distribution("transformers", transformers)
    assert bool(findings("transformers-range-by-vllm", facts_of(packages=packages))) is found


@pytest.mark.parametrize(
    ("packages", "unknown"),
    [
        pytest.param({"vllm": "0.99.0", "verl": "0.9.1"}, ["vllm 0.99.0"], id="newer"),
        pytest.param({"vllm": "0.7.4.dev12+gabc"}, ["vllm 0.7.4.dev12+gabc"], id="own-build"),
        pytest.param({"vllm": "0.24.0", "verl": "0.9.1"}, [], id="known"),
    ],
)
def test_release_unknown(packages: dict[str, str], unknown: list[str]) -> None:
    found = findings("release-unknown", facts_of(packages))
    assert [finding.message.partition(" is in")[0] for finding in found] == unknown
