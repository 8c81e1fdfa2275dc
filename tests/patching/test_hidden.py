"""Metadata folders that this user may not read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.environments.test_read_only import BOUND
from tests.patching.sandbox import FILES, FIXED, Sandbox


@pytest.fixture
def hide() -> Iterator[Callable[[Path], None]]:
    """Return what takes the right to look into a folder away."""
    hidden: list[Path] = []

    def hide(folder: Path) -> None:
        hidden.append(folder)
        folder.chmod(0)

    yield hide
    for folder in hidden:
        folder.chmod(0o755)


def _patch(sandbox: Sandbox, mode: str) -> subprocess.CompletedProcess[str]:
    """Run the command as somebody whom modes bind."""
    command = (sys.executable, *BOUND, "-m", "verl_doctor", "patch", "--prefix", str(sandbox.site), mode)
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_those_of_others_are_left_alone(sandbox: Sandbox, hide: Callable[[Path], None]) -> None:
    hide(sandbox.site / "other-1.0.dist-info")
    assert _patch(sandbox, "--status").returncode == 0
    assert _patch(sandbox, "--check").returncode == 1
    assert _patch(sandbox, "--apply").returncode == 0
    assert {file: sandbox.read(file) for file in FILES} == FIXED
    assert _patch(sandbox, "--revert").returncode == 0
    assert {file: sandbox.read(file) for file in FILES} == FILES


@pytest.mark.parametrize(("mode", "code"), [("--status", 0), ("--check", 1), ("--apply", 1), ("--revert", 3)], ids=str)
def test_that_of_the_package_to_patch_is_told(
    sandbox: Sandbox, hide: Callable[[Path], None], mode: str, code: int
) -> None:
    folder = sandbox.metadata
    hide(folder)
    finished = _patch(sandbox, mode)
    assert finished.returncode == code
    assert f"{folder} cannot be read by this user" in finished.stdout + finished.stderr
