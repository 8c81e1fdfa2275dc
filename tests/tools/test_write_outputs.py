"""The shown outputs are what preflight writes, and the nodes are what they are called."""

from __future__ import annotations

import pytest

from tools import write_outputs
from verl_doctor.model import Verdict


@pytest.mark.parametrize("name", write_outputs.outputs())
def test_output_is_up_to_date(name: str) -> None:
    assert write_outputs.written(name) == write_outputs.outputs()[name], "run python tools/write_outputs.py"


def test_no_output_is_left_over() -> None:
    assert {path.name for path in write_outputs.FOLDER.iterdir()} == set(write_outputs.outputs())


def test_the_nodes_are_what_they_are_called() -> None:
    assert write_outputs.broken().verdict is Verdict.BROKEN
    assert write_outputs.healthy().verdict is Verdict.HEALTHY
