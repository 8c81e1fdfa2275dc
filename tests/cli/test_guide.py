"""The guide to patches of your own, followed word by word in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from tests.patching.guide import PATCH, SOURCE, TEXT, block
from verl_doctor.patching.patch import Example, Patch, Site, Untouched

PROSE = re.sub(r"(?s)```.*?```", "", TEXT)


@pytest.mark.parametrize("part", [Patch, Site, Example, Untouched])
def test_every_field_is_explained(part: type[Patch | Site | Example | Untouched]) -> None:
    for field in fields(part):
        assert re.search(
            rf"`({part.__name__}\()?([\w., ]+, )?{field.name}(=[^`]*|[,)][^`]*)?`|\b{field.name}=", PROSE
        ), field.name


def test_every_step_does_what_is_said(tmp_path: Path) -> None:
    def follow(label: str) -> str:
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["/bin/sh", "-ec", block(f"command: {label}")],
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PATH": programs},
            text=True,
            capture_output=True,
        ).stdout

    follow("package")
    source = tmp_path / "site/acme_rewards/score.py"
    assert source.read_text() == SOURCE
    (tmp_path / "our-patches/rewards_newline.py").write_text(PATCH)
    assert f"```text\n{follow('verify')}```" in TEXT
    assert "\nto be applied     ACME001  rewards-newline" in follow("installed")
    assert source.read_text() == SOURCE
    assert f"```diff\n{follow('use')}```" in TEXT
    assert source.read_text() == SOURCE
