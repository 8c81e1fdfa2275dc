"""Extensions that were built on a newer system."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.binaries_of import linked, with_binaries
from tests.checks.asked import findings
from verl_doctor.facts.binaries import Extension

NAME = "binary-system-too-old"


@pytest.mark.parametrize(
    ("version", "said"),
    [
        pytest.param("GLIBC_2.38", "a system (or a container) as new", id="glibc"),
        pytest.param("GLIBCXX_3.4.32", "a newer libstdc++ (that of a newer GCC)", id="libstdc++"),
    ],
)
def test_found(version: str, said: str) -> None:
    binaries = {"flash-attn": linked(_C=Extension(needs=1, outdated=(version,)))}
    (finding,) = findings(NAME, with_binaries({"flash-attn": "2.8.3"}, "2.8.0", binaries))
    assert f"flash-attn 2.8.3 cannot load ext/_C.so: it needs {version}" in finding.message
    assert said in finding.remedy.text
    assert finding.remedy.commands[0].endswith("--no-binary flash-attn 'flash-attn==2.8.3'")


def test_conda_has_a_newer_libstdcxx() -> None:
    facts = with_binaries({"x": "1"}, "2.8.0", {"x": linked(_C=Extension(needs=1, outdated=("GLIBCXX_3.4.32",)))})
    facts = replace(facts, target=replace(facts.target, kind="conda"))
    (finding,) = findings(NAME, facts)
    assert finding.remedy.commands == ("conda install -p /opt/venv -c conda-forge libstdcxx-ng",)


def test_silent() -> None:
    assert findings(NAME, with_binaries({"vllm": "0.11.0"}, "2.8.0", {"vllm": linked(_C=Extension(needs=1))})) == ()
