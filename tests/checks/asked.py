"""Asks one check by name."""

from __future__ import annotations

from verl_doctor.examine import questions
from verl_doctor.facts.snapshot import Facts
from verl_doctor.matrix.load import load
from verl_doctor.model import Failed, Finding, Passed


def findings(name: str, facts: Facts) -> tuple[Finding, ...]:
    """What the check finds on these facts; a check that skips or crashes fails the test."""
    question = next(question for question in questions() if question.name == name)
    outcome = question.ask(facts, load())
    assert isinstance(outcome, Passed | Failed), outcome
    return outcome.findings if isinstance(outcome, Failed) else ()
