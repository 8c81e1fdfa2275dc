"""The environment of the program that a launch starts."""

from __future__ import annotations

from dataclasses import replace

from verl_doctor.facts.snapshot import Facts
from verl_doctor.lint.document import Launch
from verl_doctor.model import Unavailable


def with_variables(launch: Launch, facts: Facts) -> Facts:
    """Return facts in which the environment is this one, as far as it is known, and over it what the launch sets."""
    known = {} if isinstance(facts.env, Unavailable) else dict(facts.env)
    told = ((s.name, s.value) for s in launch.settings if s.kind == "environment")
    return replace(facts, env=known | {name: value for name, value in told if value is not None})


def with_certain_variables(launch: Launch, facts: Facts) -> Facts:
    """Return the same where a launch tells all of its environment; else the facts as they are."""
    is_vague = any(s.kind == "environment" and s.value is None for s in launch.settings)
    if isinstance(facts.env, Unavailable) and (launch.open or is_vague):
        return facts
    return with_variables(launch, facts)
