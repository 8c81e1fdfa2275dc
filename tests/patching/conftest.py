"""Sandboxes to patch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.patching.sandbox import Sandbox, make


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return make(tmp_path / "site-packages")
