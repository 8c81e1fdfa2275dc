"""Requirements of verl, vLLM and tensordict beside what is installed."""

from __future__ import annotations

import pytest

from tests.checks.asked import findings
from tests.facts_of import distribution, facts_of

NAME = "requirement-conflict"


@pytest.mark.parametrize(
    ("requires", "installed", "message"),
    [
        pytest.param("ray>=2.41", {"ray": "2.40.0"}, "verl 0.9.1 requires ray>=2.41, but 2.40.0", id="too-old"),
        pytest.param("ray[default]>=2.41", {"ray": "2.40.0"}, "requires ray>=2.41", id="with-extra"),
        pytest.param("numpy<2", {"NumPy": "2.1.0"}, "requires numpy<2", id="name-in-capitals"),
        pytest.param("ray>=2.41", {"ray": "2.41.0.dev1"}, "requires ray>=2.41", id="dev-build-before"),
        pytest.param("ray>=2.41", {"ray": "2.42.0.dev1"}, None, id="dev-build-after"),
        pytest.param("ray>=2.41", {"ray": "2.41.0+local"}, None, id="local-tag"),
        pytest.param("ray>=2.41", {}, None, id="not-installed"),
        pytest.param('ray>=2.41; python_version < "3.11"', {"ray": "2.40.0"}, None, id="other-python"),
        pytest.param('ray>=2.41; extra == "gpu"', {"ray": "2.40.0"}, None, id="extra"),
        pytest.param("ray>=2.41", {"ray": "unknown"}, None, id="unreadable-version"),
    ],
)
def test_installed_version(requires: str, installed: dict[str, str], message: str | None) -> None:
    packages = {name.lower(): distribution(name, version) for name, version in installed.items()}
    verl = distribution("verl", "0.9.1", requires=(requires,))
    found = findings(NAME, facts_of(packages={**packages, "verl": verl}))
    assert [message in finding.message for finding in found if message] == ([True] if message else [])
    assert bool(found) is bool(message)


@pytest.mark.parametrize(("python", "found"), [("3.13.0", True), ("3.12.3", False)])
def test_python(python: str, found: bool) -> None:
    verl = distribution("verl", "0.9.1", requires=(), requires_python="<3.13,>=3.10")
    assert bool(findings(NAME, facts_of(python=python, packages={"verl": verl}))) is found


def test_the_cure_names_a_release_inside_the_range() -> None:
    verl = distribution("verl", "0.9.1", requires=("tensordict<=0.10.0,>=0.8.0,!=0.9.0",))
    packages = {"verl": verl, "tensordict": distribution("tensordict", "0.15.3")}
    (finding,) = findings(NAME, facts_of(packages=packages))
    assert finding.remedy.pins == (("tensordict", "0.10.0"),)


@pytest.mark.parametrize(("vllm", "verl"), [("0.10.0", "0.6.0"), ("0.11.0", "0.6.1")], ids=["vllm-0.10", "vllm-0.11"])
def test_the_cure_breaks_nothing_else(vllm: str, verl: str) -> None:
    packages = {
        "verl": distribution("verl", verl),
        "vllm": distribution("vllm", vllm, requires=("transformers>=4.55.2",)),
        "transformers": distribution("transformers", "4.45.2"),
    }
    (finding,) = findings("transformers-range-by-vllm", facts_of(packages=packages))
    ((name, version),) = finding.remedy.pins
    assert (name, version[:2]) == ("transformers", "4.")
    assert f"'transformers=={version}'" in finding.remedy.commands[0]


def test_where_no_release_is_known_the_command_excludes_what_breaks() -> None:
    packages = {
        "vllm": distribution("vllm", "0.11.0", requires=("transformers>=4.99",)),
        "transformers": distribution("transformers", "4.45.2"),
    }
    (finding,) = findings("transformers-range-by-vllm", facts_of(packages=packages))
    assert finding.remedy.pins == () or finding.remedy.pins[0][0] == "vllm"
