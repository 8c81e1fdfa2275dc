"""A team's own patch that does not know the code of a release that has its bug."""

from __future__ import annotations

from typing import Any

import pytest

from tests.checks.asked import findings
from tests.facts_of import facts_of
from verl_doctor.facts.patches import PatchState

BASE: dict[str, Any] = {
    "id": "ACME001",
    "distribution": "acme",
    "version": "1.2",
    "file": "acme/score.py",
    "state": "unrecognised",
    "reason": "it has no score",
    "is_affected": True,
}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        pytest.param(
            {}, "ACME001 rewards does not recognise acme/score.py of acme 1.2: it has no score.", id="changed"
        ),
        pytest.param(
            {"state": "absent", "reason": "it is gone"},
            "ACME001 rewards does not find acme/score.py of acme 1.2: it is gone.",
            id="missing",
        ),
        pytest.param({"is_affected": False}, None, id="another release"),
        pytest.param({"state": "applied", "is_affected": False}, None, id="applied"),
        pytest.param({"only_where": "it rains"}, None, id="few need it"),
        pytest.param({"id": "VDP001"}, None, id="built in"),
    ],
)
def test_patch_unrecognised(fields: dict[str, Any], said: str | None) -> None:
    facts = facts_of({"acme": "1.2"}, patches={"rewards": PatchState(**{**BASE, **fields})})
    found = findings("patch-unrecognised", facts)
    assert [finding.message for finding in found] == ([said] if said else [])
    assert all("--force-reinstall --no-deps 'acme==1.2'" in finding.remedy.commands[0] for finding in found)


@pytest.mark.parametrize("version", ["1.2+ours", "1.2.dev3"])
def test_no_index_has_a_build_of_ones_own(version: str) -> None:
    state = PatchState(**{**BASE, "version": version})
    (found,) = findings("patch-unrecognised", facts_of({"acme": version}, patches={"rewards": state}))
    assert found.remedy.commands == ()
