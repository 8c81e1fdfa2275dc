"""An exception holds through its last day, and is told of after it."""

from __future__ import annotations

from datetime import date

import pytest

from verl_doctor.facts.expected import Lapsed
from verl_doctor.model import Ruling, Severity
from verl_doctor.preflight.policy import Policy

IGNORED = Ruling(severity=None, reason="known", expires=date(2027, 1, 31))
POLICY = Policy(origin="p.toml", rulings={"driver-missing": IGNORED, "shm-too-small": Ruling(severity=Severity.ERROR)})


@pytest.mark.parametrize(
    ("today", "in_force"),
    [
        pytest.param(date(2027, 1, 30), True, id="before"),
        pytest.param(date(2027, 1, 31), True, id="the last day"),
        pytest.param(date(2027, 2, 1), False, id="after"),
    ],
)
def test_the_last_day(today: date, in_force: bool) -> None:
    assert ("driver-missing" in POLICY.in_force(today)) is in_force
    assert "shm-too-small" in POLICY.in_force(today)
    lapsed = POLICY.expected(today).lapsed
    assert lapsed == (
        () if in_force else (Lapsed(check="driver-missing", severity="ignore", reason="known", expires="2027-01-31"),)
    )
