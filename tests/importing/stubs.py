"""Environments with a real interpreter and packages that misbehave when they are imported."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from verl_doctor.host import LocalHost
from verl_doctor.target import Target, find

FINE = "__version__ = '2.5.1'"


def make(prefix: Path, packages: Mapping[str, str], versions: Mapping[str, str] | None = None) -> Target:
    """A virtual environment of packages by name (their `__init__.py`), some with metadata (name -> version)."""
    site = prefix / f"lib/python3.{sys.version_info.minor}/site-packages"
    site.mkdir(parents=True)
    (prefix / "bin").mkdir()
    real = Path(sys.executable).resolve()
    (prefix / "bin/python").symlink_to(real)
    (prefix / "pyvenv.cfg").write_text(f"home = {real.parent}\ninclude-system-site-packages = false\n")
    for name, source in packages.items():
        (site / name).mkdir(parents=True, exist_ok=True)
        (site / name / "__init__.py").write_text(source)
    for name, version in (versions or {}).items():
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n")
        (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    return find(LocalHost(), prefix=prefix, own=prefix)
