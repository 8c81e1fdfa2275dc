"""torch beside what vLLM pins."""

from __future__ import annotations

import pytest

from tests.checks.asked import findings
from tests.facts_of import distribution, facts_of
from verl_doctor.facts.snapshot import Facts

NAME = "vllm-torch-pin-mismatch"


def vllm_beside(torch: str, *requires: str, **others: str) -> Facts:
    return facts_of({"torch": torch, "vllm": distribution("vllm", "0.7.2", requires=requires), **others})


@pytest.mark.parametrize(
    ("torch", "requires", "found"),
    [
        pytest.param("2.13.0", ("torch==2.5.1",), True, id="newer"),
        pytest.param("2.4.0", ("torch==2.5.1",), True, id="older"),
        pytest.param("2.5.1", ("torch==2.5.1",), False, id="pinned-one"),
        pytest.param("2.5.1+cu121", ("torch==2.5.1",), False, id="another-build-of-it"),
        pytest.param("2.6.0", ("torch>=2.5",), False, id="range"),
        pytest.param("2.6.0", (), False, id="no-requirement"),
        pytest.param("2.6.0", ('torch==2.5.1; platform_machine == "aarch64"',), False, id="other-machine"),
        pytest.param("2.6.0", ('torch==2.5.1; extra == "old"',), False, id="extra"),
        pytest.param("2.6.0", ("torch what",), False, id="unreadable"),
    ],
)
def test_pin(torch: str, requires: tuple[str, ...], found: bool) -> None:
    assert bool(findings(NAME, vllm_beside(torch, *requires))) is found


def test_the_family_is_put_back_together() -> None:
    requires = ("torch==2.5.1", "torchvision==0.20.1", "torchaudio==2.5.1")
    (finding,) = findings(NAME, vllm_beside("2.13.0", *requires, torchvision="0.28.0"))
    assert finding.remedy.commands[0].endswith("'torch==2.5.1' 'torchvision==0.20.1'")
    assert dict(finding.remedy.pins) == {"torch": "2.5.1", "torchvision": "0.20.1"}
