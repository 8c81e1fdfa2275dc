"""Getting tools from their package indexes into folders that are thrown away."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.battery.running import Command, Ran, UnavailableError, program, run
from benchmarks.battery.subject import Environment, Subject
from benchmarks.battery.workshop import Workshop


def from_pypi(workshop: Workshop, name: str) -> Path:
    """Return an environment with a tool in it. Raises UnavailableError where it cannot be had."""
    environment = workshop.folder / "tools" / name
    if not environment.exists():
        _uv(workshop, "venv", "--python", sys.executable, str(environment))
        _had(name, _uv(workshop, "pip", "install", "--python", str(environment), name))
    return environment


def into(workshop: Workshop, subject: Subject, name: str) -> None:
    """Install a tool into the environment that it shall patch."""
    if isinstance(subject, Environment):
        _had(name, _uv(workshop, "pip", "install", "--python", str(subject.root), name))


def version_from_pypi(workshop: Workshop, name: str) -> str:
    """Return a tool's version, installing it first."""
    stem = name.replace("-", "_")
    metadata = next(from_pypi(workshop, name).glob(f"lib/python3*/site-packages/{stem}-*.dist-info"))
    return metadata.name.removesuffix(".dist-info").removeprefix(f"{stem}-")


def from_npm(workshop: Workshop, name: str) -> Path:
    """Return the folder of a tool for Node.js. Raises UnavailableError where it cannot be had."""
    project = workshop.folder / "tools/npm"
    installed = project / "node_modules" / name
    if not installed.exists():
        project.mkdir(parents=True, exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--prefix", str(project))
        _had(name, run(Command(argv=(program("npm", "npm"), "install", *quiet, name), cwd=project)))
    return installed


def version_from_npm(workshop: Workshop, name: str) -> str:
    """Return a tool's version, installing it first."""
    return str(json.loads((from_npm(workshop, name) / "package.json").read_bytes())["version"])


def _uv(workshop: Workshop, *argv: str) -> Ran:
    env = {"UV_CACHE_DIR": str(workshop.folder / "tools/cache")}
    return run(Command(argv=(program("uv", "uv"), *argv), cwd=workshop.folder, env=env))


def _had(name: str, ran: Ran) -> None:
    if ran.code:
        last = ran.output.strip().splitlines()[-1:] or [f"exit code {ran.code}"]
        raise UnavailableError(f"{name} cannot be installed here: {last[0].strip()}")
