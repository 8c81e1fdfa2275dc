"""The diff is taken by the tools that take diffs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.patching.sandbox import FILES, FIXED, Sandbox, make
from verl_doctor.host import Exited, LocalHost
from verl_doctor.patching.diff import unified
from verl_doctor.patching.plan import plan_apply

TOOLS = {"git": "git apply", "patch": "patch -p1 --binary -s -i"}


def _layouts() -> dict[str, dict[str, bytes]]:
    return {
        "as it is": dict(FILES),
        "CRLF": {file: content.replace(b"\n", b"\r\n") for file, content in FILES.items()},
        "no newline at the end": {file: content + b"LAST = 1" for file, content in FILES.items()},
        "edit at the end": {file: content[: _end(content)] for file, content in FILES.items()},
        "latin-1": {file: b"# coding: latin-1\n# \xe9\x0c\xff\n" + content for file, content in FILES.items()},
    }


def _end(content: bytes) -> int:
    """Return where a source may stop, right after the code that a patch edits and without its newline."""
    found = re.search(
        rb"raise RuntimeError\(.*\)|local_rank = rank(?=\n        is_)|del state\n.*empty_cache\(\)"
        rb"|requests_ids\(\)(?=\n\n)",
        content,
    )
    assert found
    return found.end()


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("layout", _layouts())
def test_is_applied_from_the_folder_of_packages(tmp_path: Path, layout: str, tool: str) -> None:
    if not shutil.which(tool):
        pytest.skip(f"there is no {tool} here")
    files = _layouts()[layout]
    diffed, applied = make(tmp_path / "one", files=files), make(tmp_path / "two", files=files)
    plan = plan_apply(diffed.host, diffed.target, diffed.packages)
    (tmp_path / "diff").write_bytes(plan.diff())
    command = f"cd {applied.site} && {TOOLS[tool]} {tmp_path / 'diff'}"
    outcome = LocalHost().run(["/bin/sh", "-c", command], 10)
    assert isinstance(outcome, Exited)
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, "", "")
    diffed.apply()
    assert {file: applied.read(file) for file in FILES} == {file: diffed.read(file) for file in FILES}


def test_a_dry_run_writes_nothing(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    plan = plan_apply(sandbox.host, sandbox.target, sandbox.packages)
    assert plan.diff().count(b"--- a/vllm/") == len(FIXED)
    assert sandbox.snapshot() == before


def test_the_end_of_a_file_without_newline() -> None:
    assert unified("x", b"a\nb", b"a\nc") == (
        b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"
    )
