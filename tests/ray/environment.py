"""Two environments with the same Ray and other packages, for the nodes of a cluster: made once, and kept."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.engine.environment import _locked, _torch_for_cpus, _uv
from verl_doctor.releases import cache

RAY = "ray==2.60.0"
TORCH = "torch==2.13.0+cpu"
WITHOUT_DEPENDENCIES = {
    "one": ("verl==0.5.0", "tensordict==0.8.3"),
    "other": ("verl==0.5.0", "tensordict==0.6.2"),
}
"""What the doctor reads of and nobody imports."""


def make(name: str, folder: Path) -> Path:
    """Copy an environment into a folder, so that it can be written to; return its interpreter."""
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    home = cache.folder(os.environ) / "ray"
    kept = home / f"{name}-{minor}-{RAY.rpartition('=')[2]}"
    with _locked(home):
        if not kept.exists():
            with tempfile.TemporaryDirectory(dir=home, prefix="unfinished-") as unfinished:
                made = Path(unfinished) / "environment"
                _install(made, WITHOUT_DEPENDENCIES[name])
                made.rename(kept)
    place = folder / name
    shutil.copytree(kept, place, symlinks=True, copy_function=_link)
    return place / "bin" / "python"


def _install(place: Path, more: Sequence[str]) -> None:
    python = place / "bin" / "python"
    _uv("venv", "--relocatable", "--python", sys.executable, place)
    _uv("pip", "install", "--python", python, *_torch_for_cpus(), RAY, TORCH, "numpy")
    _uv("pip", "install", "--python", python, "--no-deps", *more)


def _link(source: str, target: str) -> None:
    """Copy a file by a hard link, as installers do: what writes in place would be seen in the kept environment."""
    os.link(source, target)
