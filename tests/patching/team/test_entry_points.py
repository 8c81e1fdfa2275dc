"""Patches that installed distributions name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patching import guide
from verl_doctor.patching import catalogue
from verl_doctor.patching.team import entry_points


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("module", "acme_patches.rewards_newline", id="a module"),
        pytest.param("patch", "acme_patches.rewards_newline:PATCH", id="a patch"),
    ],
)
def test_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    site = tmp_path / name
    (site / "acme_patches").mkdir(parents=True)
    (site / "acme_patches/__init__.py").touch()
    (site / "acme_patches/rewards_newline.py").write_text(guide.PATCH)
    info = site / "acme_patches-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-patches\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[verl_doctor.patches]\none = {value}\ntwo = nowhere\n")
    monkeypatch.syspath_prepend(site)
    for module in [module for module in sys.modules if module.startswith("acme_patches")]:
        monkeypatch.delitem(sys.modules, module)
    found = catalogue.everything()
    assert [patch.id for patch in found.patches if not patch.id.startswith("VDP")] == ["ACME001"]
    [broken] = found.broken
    assert broken.origin == "nowhere (acme-patches)"


@pytest.mark.parametrize("text", [b"malformed\n", b"x = \xff\n"], ids=["no value", "not UTF-8"])
def test_entry_points_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    info = tmp_path / "acme_patches-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-patches\nVersion: 1.0\n")
    (info / "entry_points.txt").write_bytes(b"[verl_doctor.patches]\n" + text)
    monkeypatch.syspath_prepend(tmp_path)
    [broken] = catalogue.everything().broken
    assert broken.origin == str(info / "entry_points.txt")
    assert broken.reason.startswith("it cannot be loaded: ")


def _evil(site: Path) -> Path:
    """Make an environment with an entry point that leaves a file when it is imported."""
    info = site / "evil-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[verl_doctor.patches]\nevil = evil_module\n")
    (site / "evil_module.py").write_text("open(__file__ + '.loaded', 'w')\n")
    return site / "evil_module.py.loaded"


@pytest.mark.parametrize("way", ["PYTHONPATH", "working folder"])
def test_nothing_is_imported_from_the_examined_environment(tmp_path: Path, way: str) -> None:
    loaded = _evil(tmp_path)
    named = {"PYTHONPATH": str(tmp_path)} if way == "PYTHONPATH" else {}
    command = [sys.executable, "-m", "verl_doctor", "patch", "--prefix", ".", "--status"]
    environ = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONSAFEPATH"}}
    done = subprocess.run(command, cwd=tmp_path, env=environ | named, capture_output=True, text=True, check=True)
    assert ("evil" in done.stdout, loaded.exists()) == (False, False)
    for folder in (str(tmp_path), os.curdir):
        assert folder not in entry_points.folders()


def test_a_folder_of_packages_counts_though_it_is_named_again(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = str(Path(pytest.__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", packages)
    monkeypatch.chdir(packages)
    assert packages in entry_points.folders()
