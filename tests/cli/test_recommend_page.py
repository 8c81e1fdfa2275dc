"""docs/recommend.md shows what the command prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.doctor import doctor

PAGE = Path(__file__).parents[2] / "docs/recommend.md"
UNKNOWN = 3
BLOCK = re.compile(r"<!-- output: (.+?)( \| answers)? -->\n```text\n(.*?)```\n<!-- end -->", re.DOTALL)


@pytest.mark.parametrize("block", BLOCK.findall(PAGE.read_text()), ids=lambda block: block[0])
def test_output(block: tuple[str, str, str]) -> None:
    if doctor("recommend").returncode != UNKNOWN:
        pytest.skip("this machine has a driver; the page is written on one without")
    command, is_cut, shown = block
    printed = doctor(*shlex.split(command)).stdout
    if is_cut:
        printed = printed.partition("\n\nInstall this")[0] + "\n"
    assert shown == printed
