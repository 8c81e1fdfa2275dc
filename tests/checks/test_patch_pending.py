"""A team's own patch that is not applied."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.asked import findings
from tests.facts_of import facts_of
from verl_doctor.facts.patches import PatchState


@pytest.mark.parametrize(
    ("fields", "is_found"),
    [
        pytest.param({}, True, id="to be applied"),
        pytest.param({"state": "applied"}, False, id="applied"),
        pytest.param({"state": "absent"}, False, id="nothing to patch"),
        pytest.param({"only_where": "it rains"}, False, id="few need it"),
        pytest.param({"id": "VDP001"}, False, id="built in"),
    ],
)
def test_patch_pending(fields: dict[str, Any], *, is_found: bool) -> None:
    base = {"id": "ACME001", "distribution": "acme", "version": "1.2", "file": "acme/score.py", "state": "applicable"}
    found = findings("patch-pending", facts_of(patches={"rewards-newline": PatchState(**{**base, **fields})}))
    assert [finding.message for finding in found] == ["ACME001 rewards-newline is not applied to acme 1.2."] * is_found
    assert all("verl-doctor patch --apply" in finding.remedy.commands[0] for finding in found)
