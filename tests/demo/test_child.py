from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.demo.test_behaviour import BUGGY, STATE, replace, source
from verl_doctor.demo import child
from verl_doctor.demo.taking import take


def test_what_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    source(tmp_path, BUGGY)
    seen = {patch: trial(tmp_path) for patch, trial in child.TRIALS.items()}
    assert seen["vllm07-world-size-assert"]["raised"].startswith("world_size (2) is not equal")
    assert seen["vllm07-local-rank"] == {"rank": 1, "local_rank": 1}
    assert seen["vllm07-empty-cache"] == {"weights": ["layer.weight"], "emptied": 1}
    assert seen["v0-n-gt1-leak"] == {"kept": [32, 64, 96]}
    replace(tmp_path, STATE, "world_size != tp * pp", "False")
    assert child.make_groups(tmp_path) == {"groups": {"tp": [[0], [1]], "pp": [[0], [1]]}}


def test_a_name_that_is_defined_twice(tmp_path: Path) -> None:
    file = source(tmp_path, {"a.py": "def f(): ...\ndef f(): ..."}) / "a.py"
    with pytest.raises(LookupError, match="defines f 2 times"):
        take(file, "f", {})
