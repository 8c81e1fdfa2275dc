"""A team's own patch that cannot be used."""

from __future__ import annotations

from tests.checks.asked import findings
from tests.facts_of import facts_of
from verl_doctor.facts.broken_patches import Broken


def test_each_is_told_with_its_reason() -> None:
    broken = (Broken(origin="acme.rewards (acme-patches)", reason="it has no PATCH"), Broken(origin="x", reason="y"))
    found = findings("patch-unusable", facts_of(broken_patches=broken))
    assert [finding.message for finding in found] == [
        "The patch acme.rewards (acme-patches) cannot be used: it has no PATCH.",
        "The patch x cannot be used: y.",
    ]


def test_none() -> None:
    assert findings("patch-unusable", facts_of()) == ()
