"""The diff is taken by the tools that take diffs."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.patching.sandbox import EMPTY_CACHE, ENGINE, FILES, FIXED, LOCAL_RANK, WORLD_SIZE, Sandbox, make
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
    """Return where a source may stop, right after the code that a patch looks at and without its newline."""
    found = re.search(
        rb"raise RuntimeError\(.*\)|self\.start\(local_rank=local_rank, rank=rank, is_.*\)|del state\n.*empty_cache\(\)"
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


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("name", ["project", "my project", "caf\xe9"])
def test_several_folders_are_patched_from_one(tmp_path: Path, tool: str, name: str) -> None:
    def build(folder: Path) -> Sandbox:
        """An environment with an editable installation whose modules are in a checkout, and are linked to."""
        box = make(folder / name / "site-packages", files={file: FILES[file] for file in (WORLD_SIZE, LOCAL_RANK)})
        checkout = folder / name / "checkout"
        for file in (EMPTY_CACHE, ENGINE):
            Sandbox(checkout / "src").write(file, FILES[file])
        (folder / name / "link").symlink_to(checkout)
        link = {"url": (folder / name / "link").as_uri(), "dir_info": {"editable": True}}
        box.write("vllm-0.7.2.dist-info/direct_url.json", json.dumps(link).encode())
        return box

    box = build(tmp_path / "here")
    diff = plan_apply(box.host, box.target, box.packages).diff()
    first, _, rest = diff.partition(b"\n")
    assert first == f"# In {tmp_path / 'here' / name}: git apply, or patch -p1".encode()
    assert rest.startswith(b"--- a/site-packages/vllm/distributed/parallel_state.py\n")
    (tmp_path / "diff").write_bytes(diff)
    outcome = LocalHost().run(["/bin/sh", "-c", f"cd '{tmp_path}/here/{name}' && {TOOLS[tool]} {tmp_path}/diff"], 10)
    assert isinstance(outcome, Exited)
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, "", "")
    assert set(box.states().values()) == {"applied"}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_folder_with_a_blank_in_its_name(tmp_path: Path, tool: str) -> None:
    (tmp_path / "my project").mkdir()
    (tmp_path / "my project/x").write_text("a\n")
    (tmp_path / "diff").write_bytes(unified("my project/x", b"a\n", b"b\n"))
    outcome = LocalHost().run(["/bin/sh", "-c", f"cd {tmp_path} && {TOOLS[tool]} diff"], 10)
    assert (outcome, (tmp_path / "my project/x").read_text()) == (Exited(0, "", ""), "b\n")


def test_a_dry_run_writes_nothing(sandbox: Sandbox) -> None:
    before = sandbox.snapshot()
    plan = plan_apply(sandbox.host, sandbox.target, sandbox.packages)
    assert plan.diff().count(b"--- a/vllm/") == len(FIXED)
    assert sandbox.snapshot() == before


def test_the_end_of_a_file_without_newline() -> None:
    assert unified("x", b"a\nb", b"a\nc") == (
        b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"
    )
