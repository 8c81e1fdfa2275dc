"""What is patched: vLLM in an environment that uv made, or in a project's node_modules."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tarfile
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from benchmarks.battery.running import Command, LackingError, must, program
from benchmarks.battery.wheels import digest
from benchmarks.battery.workshop import VERSION, Workshop


class Subject(ABC):
    """An installed vLLM. `root` holds all of it, `files` is the folder of packages, `project` a folder beside it."""

    root: Path
    files: Path
    project: Path

    @abstractmethod
    def __init__(self, workshop: Workshop, version: str = VERSION, *, is_broken: bool = False) -> None:
        """Install a release."""

    @abstractmethod
    def reinstall(self) -> None:
        """Install the same release again over what is there."""

    @abstractmethod
    def uninstall(self) -> None:
        """Uninstall vLLM."""

    @abstractmethod
    def disagreements(self) -> list[str]:
        """Return the files that are not as the list of installed files says."""


class Environment(Subject):
    """A virtual environment; uv has linked its files to a cache that no other case uses."""

    link_mode: ClassVar[str] = "hardlink"

    def __init__(self, workshop: Workshop, version: str = VERSION, *, is_broken: bool = False) -> None:
        self.folder = workshop.new_folder()
        self.project = self.folder / "project"
        self.project.mkdir()
        self.cache = self.folder / "cache"
        self._requirement = f"vllm=={version}"
        self._wheels = workshop.broken_wheels if is_broken else workshop.wheels
        self.root = self.make("environment")
        self.files = next(self.root.glob("lib/python3*/site-packages"))

    def make(self, name: str) -> Path:
        """Make an environment with vLLM from the same cache."""
        path = self.folder / name
        self._uv("venv", "--python", sys.executable, str(path))
        self._install(path)
        return path

    def reinstall(self) -> None:
        """Install the same release again over what is there."""
        self._install(self.root, "--reinstall")

    def uninstall(self) -> None:
        """Uninstall vLLM."""
        self._uv("pip", "uninstall", "--python", str(self.root), "vllm")

    def disagreements(self) -> list[str]:
        """Return the files whose digest or size is not the one in RECORD."""
        listing = next(self.files.glob("vllm-*.dist-info")) / "RECORD"
        with listing.open(newline="", encoding="utf-8") as file:
            rows = [(self.files / name, expected, size) for name, expected, size in csv.reader(file) if expected]
        wrong = []
        for path, expected, size in rows:
            content = path.read_bytes() if path.is_file() else b""
            if (digest(content), str(len(content))) != (expected, size):
                wrong.append(path.name)
        return wrong

    def links(self) -> list[Path]:
        """Return the files that uv has linked to the environment's."""
        own = {path.stat().st_ino: path for path in self.files.glob("vllm/**/*.py")}
        others = [path for path in self.folder.rglob("*.py") if not path.is_relative_to(self.root)]
        linked = [path for path in others if path.stat().st_ino in own]
        if {path.stat().st_ino for path in linked} != set(own):
            raise RuntimeError("uv did not link the files it installed")
        return linked

    def _install(self, environment: Path, *options: str) -> None:
        source = ("--no-index", "--find-links", str(self._wheels), "--no-deps", "--link-mode", self.link_mode)
        self._uv("pip", "install", "--python", str(environment), *source, *options, self._requirement)

    def _uv(self, *argv: str) -> None:
        must(Command(argv=(program("uv", "uv"), *argv), cwd=self.folder, env={"UV_CACHE_DIR": str(self.cache)}))


class NodeProject(Subject):
    """A project for npm; vLLM's files are packed as an npm package, which npm has installed into node_modules."""

    def __init__(self, workshop: Workshop, version: str = VERSION, *, is_broken: bool = False) -> None:
        if is_broken:
            raise LackingError("nothing is imported: to npm the package is files only")
        folder = workshop.new_folder()
        self.project = self.root = folder / "project"
        self.project.mkdir()
        self.files = self.root / "node_modules"
        package = _pack(workshop, version, folder)
        (self.project / "package.json").write_text(json.dumps({"dependencies": {"vllm": f"file:../{package.name}"}}))
        self._npm("install")

    def reinstall(self) -> None:
        """Install everything again, as `npm ci` does: from nothing."""
        self._npm("ci")

    def uninstall(self) -> None:
        """Uninstall vLLM."""
        self._npm("uninstall", "vllm")

    def disagreements(self) -> list[str]:
        """Raise LackingError: npm keeps no such list."""
        raise LackingError("node_modules has no list of files with digests")

    def _npm(self, *argv: str) -> None:
        quiet = ("--offline", "--no-audit", "--no-fund", "--ignore-scripts")
        must(Command(argv=(program("npm", "npm"), *argv, *quiet), cwd=self.project))


def _pack(workshop: Workshop, version: str, folder: Path) -> Path:
    """Pack the files of a release as an npm package."""
    package = folder / "package"
    for name, content in workshop.originals[version].items():
        path = package / name.removeprefix("vllm/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (package / "package.json").write_text(json.dumps({"name": "vllm", "version": version}))
    packed = folder / f"vllm-{version}.tgz"
    with tarfile.open(packed, "w:gz") as archive:
        archive.add(package, "package")
    shutil.rmtree(package)
    return packed
