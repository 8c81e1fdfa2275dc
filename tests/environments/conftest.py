"""Wheels, installers and environments: installed and patched once for the whole run, copied for each test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import Release
from tests.environments.environment import APPLY, Environment
from tests.environments.installers import Installer, Pip, Uv
from tests.environments.wheel import FILES, build

Wheel = Callable[[str], Path]


@pytest.fixture(scope="session")
def wheel(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    """`wheel("0.7.2")`: a small wheel of that vLLM."""
    return cache(lambda version: build(release("vllm", version, FILES), FILES, tmp_path_factory.mktemp("wheel")))


@pytest.fixture(scope="session")
def uv(tmp_path_factory: pytest.TempPathFactory) -> Uv:
    return Uv(tmp_path_factory.mktemp("uv-cache"))


@pytest.fixture(scope="session")
def pip(tmp_path_factory: pytest.TempPathFactory) -> Pip:
    prefix = tmp_path_factory.mktemp("pip")
    made = subprocess.run([sys.executable, "-m", "venv", prefix], check=False, capture_output=True, text=True)
    if made.returncode and os.environ.get("CI") != "true":
        pytest.skip(f"this Python comes without pip: {made.stdout}{made.stderr}")
    (home,) = prefix.glob("lib/python3.*/site-packages")
    assert (home / "pip").is_dir()
    return Pip(home)


@pytest.fixture(scope="session", params=["uv", "pip"])
def installer(request: pytest.FixtureRequest) -> Installer:
    found: Installer = request.getfixturevalue(request.param)
    return found


UV_ONLY = pytest.mark.parametrize("installer", ["uv"], indirect=True)
"""For tests in which it does not matter who installed."""


@pytest.fixture(scope="session")
def published(installer: Installer, wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """vLLM 0.7.2 as installed; not to be changed."""
    made = installer.make(tmp_path_factory.mktemp("published") / "environment")
    installer.install(made, wheel("0.7.2"))
    return made


@pytest.fixture(scope="session")
def applied(published: Environment, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """vLLM 0.7.2 with the three patches applied; not to be changed."""
    made = published.copy(tmp_path_factory.mktemp("applied") / "environment")
    made.patch(*APPLY)
    return made


@pytest.fixture(scope="session")
def fixed_upstream(installer: Installer, wheel: Wheel, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """vLLM 0.7.3 as installed, which came without the bugs; not to be changed."""
    made = installer.make(tmp_path_factory.mktemp("fixed") / "environment")
    installer.install(made, wheel("0.7.3"))
    return made


@pytest.fixture
def environment(published: Environment, tmp_path: Path) -> Environment:
    """vLLM 0.7.2 as installed."""
    return published.copy(tmp_path / "environment")


@pytest.fixture
def patched(applied: Environment, tmp_path: Path) -> Environment:
    """vLLM 0.7.2 with the three patches applied."""
    return applied.copy(tmp_path / "patched")
