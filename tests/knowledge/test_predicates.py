"""What conditions make of facts that are missing or strange."""

from __future__ import annotations

from typing import Any

import pytest

from tests.facts_of import facts_of
from verl_doctor.examine import questions
from verl_doctor.facts.patches import PatchState
from verl_doctor.matrix.load import load
from verl_doctor.model import Outcome, Passed, Skipped


def judged(**fields: Any) -> Outcome:
    """What is said of a built-in patch's bug in a vLLM that has it, where the patch found this."""
    plain = {"id": "VDP002", "distribution": "vllm", "version": "0.7.2", "file": "vllm/x.py", "state": "absent"}
    facts = facts_of({"vllm": "0.7.2"}, patches={"vllm07-local-rank": PatchState(**{**plain, **fields})})
    question = next(question for question in questions() if question.name == "vllm07-local-rank")
    return question.ask(facts, load())


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        pytest.param({}, Passed(), id="a release without the file"),
        pytest.param(
            {"is_affected": True, "reason": "vllm/x.py is gone"},
            Skipped("vllm/x.py is gone"),
            id="a release that comes with the file",
        ),
        pytest.param(
            {"state": "unrecognised", "reason": "it is strange"},
            Skipped("vllm/x.py is not the code that was released: it is strange"),
            id="a strange file",
        ),
    ],
)
def test_a_file_that_is_missing_or_strange(fields: dict[str, Any], outcome: Outcome) -> None:
    assert judged(**fields) == outcome
