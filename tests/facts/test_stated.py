"""Facts that hold stated versions only."""

from __future__ import annotations

from verl_doctor.facts.stated import stated
from verl_doctor.knowledge.conditions import versions
from verl_doctor.knowledge.judgement import Holds, HoldsNot, Unknown
from verl_doctor.model import NOT_ASKED

FACTS = stated({"verl": "0.4.0", "Flash_Attn": "2.7.4"}, "the command line told only that")


def test_what_is_stated_is_judged() -> None:
    assert isinstance(versions({"verl": "<0.5"}).judge(FACTS), Holds)
    assert isinstance(versions({"flash-attn": ">=2.8"}).judge(FACTS), HoldsNot)


def test_what_is_not_stated_is_unknown_not_absent() -> None:
    assert isinstance(versions({"vllm": "absent"}).judge(FACTS), Unknown)
    assert isinstance(versions({"vllm": ">=0.8"}).judge(FACTS), Unknown)
    assert isinstance(versions({"python": ">=3.12"}).judge(FACTS), Unknown)
    assert isinstance(versions({"vllm": ">=0.8", "verl": ">=0.5"}).judge(FACTS), HoldsNot)


def test_no_policy_is_stated() -> None:
    assert FACTS.expected == NOT_ASKED
