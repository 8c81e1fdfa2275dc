"""What the demo prints of its steps."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from verl_doctor.demo.run import Proposed
from verl_doctor.model import Severity
from verl_doctor.report.demo_report import _counted, render

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@pytest.mark.parametrize(
    ("severities", "said"),
    [
        pytest.param([], "nothing", id="none"),
        pytest.param([WARNING], "1 warning", id="one"),
        pytest.param([WARNING, ERROR, WARNING], "1 error and 2 warnings", id="two-kinds"),
        pytest.param([INFO, INFO, WARNING, ERROR, ERROR], "2 errors, 1 warning and 2 remarks", id="three-kinds"),
    ],
)
def test_what_checks_found_is_told_by_its_severity(severities: list[Severity], said: str) -> None:
    """A healthy verdict with "3 failed" would contradict itself."""
    assert _counted(severities) == said


def test_the_context_of_a_diff_has_the_colour_of_the_terminal() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, color_system="truecolor", width=80, no_color=False)
    render(1, Proposed(diff="--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n kept\n-gone\n+new\n"), console)
    [line] = [line for line in written.getvalue().splitlines() if "kept" in line]
    assert "\x1b[49mkept" in line  # 49 is the default background, and no colour is set
    assert "38;2" not in written.getvalue()
    assert "49m-gone" in written.getvalue()
