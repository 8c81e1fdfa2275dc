"""The guide to patches of your own, followed word by word in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[2].joinpath("docs/own-patches.md").read_text()


def block(label: str) -> str:
    """The block of code between a comment and its end."""
    found = re.search(rf"<!-- {re.escape(label)} -->\n```\w+\n(.*?)```\n<!-- end -->", GUIDE, re.DOTALL)
    assert found, label
    return found[1]


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
    assert source.read_text() == block("file: score.py")
    (tmp_path / "our-patches/rewards_newline.py").write_text(block("file: rewards_newline.py"))
    assert f"```text\n{follow('verify')}```" in GUIDE
    assert f"```diff\n{follow('use')}```" in GUIDE
    assert source.read_text() == block("file: score.py")
