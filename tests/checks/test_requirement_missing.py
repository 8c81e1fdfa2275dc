"""Requirements that are not installed at all."""

from __future__ import annotations

import pytest

from tests.checks.asked import findings
from tests.facts_of import distribution, facts_of
from verl_doctor.matrix.load import load

PINS = next(stack.pins for stack in load().stacks() if stack.name == "verl-0.9.1-vllm-0.24.0")


@pytest.mark.parametrize(
    ("requires", "absent", "missing"),
    [
        pytest.param(("ray[default]>=2.41", "numpy"), ["ray"], ["ray=="], id="one"),
        pytest.param(("wandb>=0.2", "peft"), ["peft"], ["peft==", "wandb>=0.2"], id="one-in-no-stack"),
        pytest.param(("wandb",), ["fsspec"], ["wandb"], id="none-in-a-stack"),
        pytest.param(("peft",), ["peft", "huggingface-hub"], ["huggingface-hub==", "peft=="], id="what-comes-along"),
        pytest.param(("peft>=9",), ["peft"], ["peft>=9"], id="the-stack-has-another"),
        pytest.param(("ray>=2.41",), [], None, id="there"),
        pytest.param(("Hydra_Core",), [], None, id="spelled-otherwise"),
        pytest.param(("torch==2.5.1", "tensordict"), ["torch", "tensordict"], None, id="has-a-check-of-its-own"),
        pytest.param(('triton; platform_machine == "aarch64"',), [], None, id="other-machine"),
        pytest.param(('math-verify; extra == "math"',), [], None, id="extra"),
    ],
)
def test_missing(requires: tuple[str, ...], absent: list[str], missing: list[str] | None) -> None:
    installed = {name: version for name, version in PINS.items() if name not in absent}
    found = findings(
        "requirement-missing", facts_of({**installed, "verl": distribution("verl", "0.9.1", requires=requires)})
    )
    wanted = [f"'{word}{PINS[word[:-2]] if word.endswith('==') else ''}'" for word in missing or ()]
    commands = [finding.remedy.commands[0].partition("bin/python ")[2] for finding in found]
    kept = [f"'{name}=={PINS[name]}'" for name in ("torch", "verl", "vllm") if name not in absent]
    assert commands == ([" ".join((*wanted, *kept))] if missing else [])


def test_what_no_stack_is_for_is_asked_for_as_the_metadata_does() -> None:
    verl = distribution("verl", "main", requires=("peft>=0.9",))
    (finding,) = findings("requirement-missing", facts_of({"verl": verl}))
    assert finding.remedy.commands == ("uv pip install --python /opt/venv/bin/python 'peft>=0.9'",)
