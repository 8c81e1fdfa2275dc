"""Environments made of the files that the doctor reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def make(prefix: Path, packages: Mapping[str, tuple[str, Sequence[str]]], torch: str | None = None) -> Path:
    """A virtual environment with these distributions (name -> version and Requires-Dist); returns site-packages."""
    site = prefix / "lib/python3.12/site-packages"
    site.mkdir(parents=True)
    (prefix / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.12.3\n")
    (prefix / "bin").mkdir()
    (prefix / "bin/python").touch()
    for name, (version, requires) in packages.items():
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {r}" for r in requires), "", ""]))
        (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/RECORD,,\n")
    if torch:
        (site / "torch").mkdir()
        (site / "torch/version.py").write_text(f"__version__ = '{torch}+cu124'\ncuda = '12.4'\n")
    return site


MISMATCHED: Mapping[str, tuple[str, Sequence[str]]] = {
    "verl": ("0.3.0.post1", ()),
    "vllm": ("0.7.3", ("torch==2.5.1",)),
    "torch": ("2.13.0", ()),
    "tensordict": ("0.6.2", ()),
}
