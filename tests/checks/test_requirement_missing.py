"""Requirements that are not installed at all."""

from __future__ import annotations

import pytest

from tests.checks.asked import findings
from tests.facts_of import distribution, facts_of


@pytest.mark.parametrize(
    ("requires", "installed", "missing"),
    [
        pytest.param(("ray[default]>=2.41", "numpy"), {"numpy": "2.0"}, "'ray>=2.41'", id="one"),
        pytest.param(("ray>=2.41", "hydra-core"), {}, "'hydra-core' 'ray>=2.41'", id="two"),
        pytest.param(("ray>=2.41",), {"ray": "2.60.0"}, None, id="there"),
        pytest.param(("Hydra_Core",), {"hydra-core": "1.3"}, None, id="spelled-otherwise"),
        pytest.param(("torch==2.5.1", "tensordict"), {}, None, id="has-a-check-of-its-own"),
        pytest.param(('triton; platform_machine == "aarch64"',), {}, None, id="other-machine"),
        pytest.param(('math-verify; extra == "math"',), {}, None, id="extra"),
    ],
)
def test_missing(requires: tuple[str, ...], installed: dict[str, str], missing: str | None) -> None:
    found = findings(
        "requirement-missing", facts_of({"verl": distribution("verl", "0.9.1", requires=requires), **installed})
    )
    commands = [finding.remedy.commands[0].partition("bin/python ")[2] for finding in found]
    assert commands == ([missing] if missing else [])
