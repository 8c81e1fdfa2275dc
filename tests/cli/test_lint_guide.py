"""The guide to lint shows what lint says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.doctor import doctor

GUIDE = Path(__file__).parents[2].joinpath("docs/lint.md").read_text()


def block(language: str) -> str:
    """The text of the first block in a language."""
    return GUIDE.partition(f"```{language}\n")[2].partition("```")[0]


def test_the_example_is_true(tmp_path: Path) -> None:
    pytest.importorskip("verl_doctor.lint.rules.plus_refused")
    pytest.importorskip("verl_doctor.lint.rules.known_failure")
    (tmp_path / "train.sh").write_text(block("bash"))
    finished = doctor("lint", tmp_path / "train.sh", "--verl", "0.4.1", "--vllm", "0.8.5")
    assert finished.stdout.replace(f"{tmp_path}/", "") == block("text")
