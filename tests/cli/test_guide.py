"""The guide to patches of your own, followed word by word in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.patching.guide import PATCH, SOURCE, TEXT, block


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
    assert f"```diff\n{follow('use')}```" in TEXT
    assert source.read_text() == SOURCE
