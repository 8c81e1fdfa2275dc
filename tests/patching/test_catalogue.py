"""Patches are found by name or id."""

from __future__ import annotations

import pytest

from verl_doctor.errors import UsageError
from verl_doctor.patching import catalogue


def test_by_name_and_by_id_in_the_order_of_ids() -> None:
    found = catalogue.load(["VLLM07-empty-cache", "vdp001"])
    assert [patch.id for patch in found] == ["VDP001", "VDP003"]


def test_an_unknown_name() -> None:
    with pytest.raises(UsageError, match=r"no patch vllm07-localrank \(nearest: vllm07-local-rank\); known are"):
        catalogue.load(["vllm07-localrank"])
    with pytest.raises(UsageError, match=r"no patch vdp01 \(nearest: VDP001\); known are"):
        catalogue.load(["vdp01"])
    with pytest.raises(UsageError, match="no patch nonsense; known are VDP001 vllm07-world-size-assert, VDP002"):
        catalogue.load(["VDP001", "nonsense"])
