"""The battery of patch tools still runs: one row of it, asked of verl-doctor alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.real


def test_one_row() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.battery", "--tool", "verl-doctor", "--row", "apply again"],
        check=False,
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "| apply again | yes |" in ran.stdout
