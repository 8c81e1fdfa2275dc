"""Patches that installed distributions name."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.patching import guide
from verl_doctor.patching import catalogue


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
