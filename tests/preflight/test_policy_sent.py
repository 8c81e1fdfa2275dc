from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.preflights import POLICY
from verl_doctor.errors import UsageError
from verl_doctor.model import Ruling, Severity
from verl_doctor.preflight.policy import Policy
from verl_doctor.preflight.policy_file import find
from verl_doctor.preflight.policy_sent import pack, unpack

EXAMPLE = Path(__file__).parents[2] / "examples/policy/verl-doctor.toml"
WHOLE = Policy(
    origin="/träger/verl-doctor.toml",
    fail_on=Severity.WARNING,
    level="full",
    device="cpu",
    deadline=0.5,
    model=Path("/models/own"),
    apply=True,
    patches=("vllm07-local-rank",),
)


@pytest.mark.parametrize("policy", [None, POLICY, WHOLE, Policy(origin="x")], ids=["none", "rulings", "all", "empty"])
def test_what_is_sent_arrives(policy: Policy | None) -> None:
    assert unpack(pack(policy)) == policy


def test_a_file_arrives_as_it_was_read() -> None:
    policy = find(EXAMPLE, Path.cwd())
    assert policy is not None
    assert unpack(pack(policy)) == policy


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"origin": "x", "gpu": 8}', '{"origin": "x", "expect": {}}'])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        unpack(text)


def test_a_policy_that_no_command_line_takes_is_refused_before_it_is_sent() -> None:
    rulings = {"driver-missing": Ruling(severity=None, reason="x" * 100_000)}
    with pytest.raises(UsageError, match="policy huge is too long"):
        pack(Policy(origin="huge", rulings=rulings))
