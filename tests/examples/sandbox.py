"""A node to follow recipes on: environments to examine, verl-doctor on PATH, and stand-ins for a scheduler."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.environments import MISMATCHED, make
from verl_doctor.matrix.load import load

STACK = next(stack for stack in load().stacks() if stack.name == "verl-0.9.1-vllm-0.24.0")
OF_THIS_MACHINE = (
    "driver-missing",
    "driver-too-old",
    "driver-unreachable",
    "gpu-arch-not-in-build",
    "gpu-missing",
    "shm-too-small",
    "triton-no-compiler",
    "ulimit-nofile",
    "ulimit-nproc",
)
_POLICY = "".join(
    f'[checks."{name}"]\nseverity = "ignore"\nreason = "of the machine that runs the tests"\n'
    for name in OF_THIS_MACHINE
)


class Sandbox:
    """A folder with `good` and `bad` environments, a policy for both, and `bin` first on PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir()
        root = Path(__file__).parents[2]
        self.add("verl-doctor", f'PYTHONPATH="{root}" exec "{sys.executable}" -m verl_doctor "$@"')
        self.folder.joinpath("verl-doctor.toml").write_text(_POLICY)
        torch = STACK.pins["torch"]
        pins = {**STACK.pins, "flash_attn": STACK.flash_attn}
        site = make(folder / "good", {name: (version, ()) for name, version in pins.items()}, torch=torch)
        tag = f"cu{STACK.cuda.replace('.', '')}"
        site.joinpath("torch/version.py").write_text(f"__version__ = '{torch}+{tag}'\ncuda = '{STACK.cuda}'\n")
        site.joinpath("vllm").mkdir()
        make(folder / "bad", MISMATCHED, torch="2.13.0")
        for name in ("good", "bad"):
            self.python(name).chmod(0o755)

    def add(self, name: str, script: str) -> Path:
        """Put a program on PATH."""
        self.bin.joinpath(name).write_text(f"#!/bin/bash\n{script}\n")
        self.bin.joinpath(name).chmod(0o755)
        return self.bin / name

    def python(self, name: str) -> Path:
        """The interpreter of an environment."""
        return self.folder / name / "bin/python"

    def run(self, *argv: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        """The finished process, in this folder."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("VIRTUAL", "CONDA", "GITHUB"))}
        path = f"{self.bin}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            argv,
            check=False,
            capture_output=True,
            cwd=self.folder,
            env={**kept, "PATH": path, "NO_COLOR": "1", **environ},
            text=True,
        )


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    """A node."""
    return Sandbox(tmp_path)


def parsed(path: Path) -> Any:
    """The YAML in a file."""
    return yaml.safe_load(path.read_text("utf-8"))


def documents(folder: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Yield every YAML document below a folder."""
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            yield path, document
