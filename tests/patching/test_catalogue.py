"""Patches are found by name or id."""

from __future__ import annotations

import pytest

from verl_doctor.errors import UsageError
from verl_doctor.patching import catalogue


def test_by_name_and_by_id_in_the_order_of_ids() -> None:
    found = catalogue.load(["vllm07-empty-cache", "VDP001"])
    assert [patch.id for patch in found] == ["VDP001", "VDP003"]


def test_an_unknown_name() -> None:
    with pytest.raises(UsageError, match="no patch nonsense; known are VDP001 vllm07-world-size-assert, VDP002"):
        catalogue.load(["VDP001", "nonsense"])
