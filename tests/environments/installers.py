"""The real uv and the real pip, cut off from the index and from the settings of whoever runs the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from uv import find_uv_bin

from tests.environments.environment import Environment

_SETTINGS = ("UV_", "PIP_", "PYTHON", "VIRTUAL_ENV", "CONDA_")


def plain_environ() -> dict[str, str]:
    """Return the environment variables without those that make Python, uv or pip behave in their own way."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_SETTINGS)}


class Installer(Protocol):
    """Makes environments, and installs wheels and checkouts into them."""

    def make(self, prefix: Path) -> Environment: ...

    def install(self, environment: Environment, source: Path, *options: str) -> None: ...

    def reinstall(self, environment: Environment, wheel: Path) -> None: ...

    def uninstall(self, environment: Environment) -> None: ...


@dataclass(frozen=True)
class Uv:
    """The uv of the test extra, with a cache of its own; files are hard links to it, unless options say otherwise."""

    cache: Path

    def make(self, prefix: Path) -> Environment:
        self._run("venv", "--python", sys.executable, prefix)
        return _environment(prefix)

    def install(self, environment: Environment, source: Path, *options: str) -> None:
        link_mode = () if "--link-mode" in options else ("--link-mode", "hardlink")
        self._pip(environment, "install", "--no-deps", *link_mode, *options, source)

    def reinstall(self, environment: Environment, wheel: Path) -> None:
        self.install(environment, wheel, "--reinstall")

    def uninstall(self, environment: Environment) -> None:
        self._pip(environment, "uninstall", "vllm")

    def _pip(self, environment: Environment, command: str, *arguments: str | Path) -> None:
        self._run("pip", command, "--python", environment.python, *arguments)

    def _run(self, *arguments: str | Path) -> None:
        settings = {"UV_CACHE_DIR": str(self.cache), "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never"}
        _run([find_uv_bin(), "--quiet", "--offline", *arguments], settings)


@dataclass(frozen=True)
class Pip:
    """The pip that comes with Python; `home` is the folder it lies in, which is no part of the environments."""

    home: Path

    def make(self, prefix: Path) -> Environment:
        venv.create(prefix, symlinks=True)
        return _environment(prefix)

    def install(self, environment: Environment, source: Path, *options: str) -> None:
        self._run(environment, "install", "--no-deps", "--no-index", "--no-cache-dir", *options, source)

    def reinstall(self, environment: Environment, wheel: Path) -> None:
        self.install(environment, wheel, "--force-reinstall")

    def uninstall(self, environment: Environment) -> None:
        self._run(environment, "uninstall", "--yes", "vllm")

    def _run(self, environment: Environment, command: str, *arguments: str | Path) -> None:
        settings = {"PYTHONPATH": str(self.home)}
        options = ("--isolated", "--quiet", "--disable-pip-version-check")
        _run([environment.python, "-m", "pip", command, *options, *arguments], settings)


def _environment(prefix: Path) -> Environment:
    (site,) = prefix.glob("lib/python3.*/site-packages")
    return Environment(site)


def _run(command: list[str | Path], settings: Mapping[str, str]) -> None:
    finished = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**plain_environ(), **settings}, timeout=60
    )
    assert finished.returncode == 0, finished.stderr
