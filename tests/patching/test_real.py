"""The patches on the files of published releases."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.conftest import Installed, Release
from tests.patching.sandbox import ALL, ENGINE, FILES, Sandbox
from verl_doctor.patching import catalogue, known
from verl_doctor.patching.diff import unified
from verl_doctor.patching.patch import After, Before, Patch, Structure, Unaffected
from verl_doctor.patching.plan import plan_apply
from verl_doctor.patching.structure import examine

pytestmark = pytest.mark.real

PATHS = list(FILES)
AFFECTED = ("0.7.0", "0.7.1", "0.7.2")
FIXED = ("0.8.0", "0.8.5", "0.8.5.post1", "0.10.2")
TABLE = json.loads(known.FILE.read_bytes())
ROWS = [
    pytest.param(patch, row, id=f"{patch.name}: {row['content']}")
    for patch in catalogue.load()
    for row in TABLE[patch.name]
]

REMOVED = {
    "vllm/distributed/parallel_state.py": 7,
    "vllm/executor/uniproc_executor.py": 1,
    "vllm/model_executor/model_loader/weight_utils.py": 1,
    "vllm/engine/llm_engine.py": 0,
}


@pytest.mark.parametrize("version", AFFECTED)
def test_apply_and_revert(installed: Installed, version: str) -> None:
    sandbox = Sandbox(installed("vllm", version, PATHS))
    before = sandbox.snapshot()
    assert set(sandbox.states().values()) == {"applicable"}
    sandbox.apply()
    assert set(sandbox.states().values()) == {"applied"}
    sandbox.revert()
    assert sandbox.snapshot() == before


def test_the_one_bug_that_0_7_3_still_has(installed: Installed) -> None:
    sandbox = Sandbox(installed("vllm", "0.7.3", PATHS))
    before = sandbox.snapshot()
    assert sandbox.states() == {**dict.fromkeys(ALL, "fixed-upstream"), "v0-n-gt1-leak": "applicable"}
    assert [edit.file for edit in sandbox.apply().edits] == [ENGINE]
    assert sandbox.states()["v0-n-gt1-leak"] == "applied"
    sandbox.revert()
    assert sandbox.snapshot() == before


@pytest.mark.parametrize("version", AFFECTED)
def test_the_diff_has_the_statement_and_no_more(installed: Installed, version: str) -> None:
    sandbox = Sandbox(installed("vllm", version, PATHS))
    plan = plan_apply(sandbox.host, sandbox.target, sandbox.packages)
    changed = {edit.file: unified(edit.file, edit.old, edit.new).decode().splitlines()[3:] for edit in plan.edits}
    removed = {file: sum(line.startswith("-") for line in lines) for file, lines in changed.items()}
    assert removed == REMOVED
    added = [line for lines in changed.values() for line in lines if line.startswith("+")]
    assert added == [
        '+        local_rank = int(os.environ["LOCAL_RANK"])',
        "+            for finished_id in finished_requests_ids:",
        "+                self.seq_id_to_seq_group.pop(finished_id, None)",
    ]


@pytest.mark.parametrize("version", FIXED)
def test_fixed_upstream(installed: Installed, version: str) -> None:
    sandbox = Sandbox(installed("vllm", version, PATHS))
    assert set(sandbox.states().values()) == {"fixed-upstream"}
    assert sandbox.apply().changes == ()


@pytest.mark.parametrize(("patch", "row"), ROWS)
def test_what_is_remembered_is_what_parsing_finds(release: Release, patch: Patch, row: dict[str, str]) -> None:
    version = row["content"].removeprefix(f"{patch.distribution} ").removesuffix(", patched")
    file = patch.site(version).file
    content = (release(patch.distribution, version, [file]) / file).read_bytes()
    found: Structure = examine(patch, content, version)
    if row["content"].endswith(", patched"):
        assert isinstance(found, Before)
        content = found.edited
        found = examine(patch, content, version)
    assert hashlib.sha256(content).hexdigest() == row["sha256"]
    assert type(found) is {"before": Before, "after": After, "unaffected": Unaffected}[row["structure"]]


@pytest.mark.parametrize("version", [*AFFECTED, *FIXED])
def test_no_release_with_the_bug_is_without_its_trace(release: Release, version: str) -> None:
    for patch in catalogue.load(ALL):
        content = (release("vllm", version, PATHS) / patch.site(version).file).read_bytes()
        assert bool(patch.trace.search(content)) >= isinstance(examine(patch, content), Before)
