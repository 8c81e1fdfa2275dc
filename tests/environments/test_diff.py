"""What `verl-doctor patch > FILE` prints is what `--apply` does."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.environments.conftest import UV_ONLY
from tests.environments.environment import DIFF, Environment
from tests.environments.installers import plain_environ

pytestmark = [pytest.mark.real, UV_ONLY]


@pytest.mark.parametrize("program", [("git", "apply"), ("patch", "-p1", "-i")], ids=["git", "patch"])
def test_other_programs_take_it(
    environment: Environment, applied: Environment, tmp_path: Path, program: tuple[str, ...]
) -> None:
    diff = tmp_path / "fix.diff"
    diff.write_bytes(environment.patch(*DIFF).stdout.encode())
    environ = {**plain_environ(), "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    subprocess.run([*program, diff], check=True, cwd=environment.site, capture_output=True, env=environ)
    assert environment.files() == applied.files()
    assert environment.words() == ["applied"] * 3
    assert environment.patch(*DIFF).stdout == ""
