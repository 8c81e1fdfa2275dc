"""v0-n-gt1-leak on the released engines: what the edit is, and the memory of a run before and after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Release
from verl_doctor.demo.engine import PROMPTS, SAMPLES, entries_after_each_round
from verl_doctor.patching import catalogue
from verl_doctor.patching.diagnosis import Absent, Applicable, Applied, Diagnosis, FixedUpstream, diagnose
from verl_doctor.patching.diff import unified
from verl_doctor.patching.patch import Before
from verl_doctor.patching.structure import examine

pytestmark = pytest.mark.real

[PATCH] = catalogue.load(["v0-n-gt1-leak"])
ENGINE, SEQUENCE = "vllm/engine/llm_engine.py", "vllm/sequence.py"
AFFECTED = ("0.7.0", "0.7.1", "0.7.2", "0.7.3")


def published(release: Release, version: str) -> bytes:
    return (release("vllm", version, [ENGINE]) / ENGINE).read_bytes()


def edited(release: Release, version: str) -> bytes:
    found = examine(PATCH, published(release, version), version)
    assert isinstance(found, Before)
    return found.edited


@pytest.mark.parametrize(
    ("version", "state"),
    [
        pytest.param("0.6.6.post1", Absent, id="verl never ran with it"),
        *(pytest.param(version, Applicable, id=version) for version in AFFECTED),
        pytest.param("0.8.0", FixedUpstream, id="0.8.0"),
        pytest.param("0.8.5.post1", FixedUpstream, id="0.8.5.post1"),
        pytest.param("0.10.2", FixedUpstream, id="0.10.2"),
    ],
)
def test_state(release: Release, version: str, state: type[Diagnosis]) -> None:
    assert isinstance(diagnose(PATCH, version, published(release, version)), state)


@pytest.mark.parametrize("version", AFFECTED)
def test_two_lines_are_added_and_none_removed(release: Release, version: str) -> None:
    after = edited(release, version)
    assert diagnose(PATCH, version, after) == Applied()
    diff = unified(ENGINE, published(release, version), after).decode().splitlines()[3:]
    assert [line for line in diff if line[0] in "+-"] == [
        "+            for finished_id in finished_requests_ids:",
        "+                self.seq_id_to_seq_group.pop(finished_id, None)",
    ]


@pytest.mark.parametrize("version", ["0.7.2", "0.7.3"])
def test_samples_are_kept_for_ever_before_and_forgotten_after(release: Release, tmp_path: Path, version: str) -> None:
    sequence = release("vllm", version, [SEQUENCE]) / SEQUENCE
    before, after = tmp_path / "before.py", tmp_path / "after.py"
    before.write_bytes(published(release, version))
    after.write_bytes(edited(release, version))
    once = SAMPLES * PROMPTS
    assert entries_after_each_round(before, sequence, 5) == [once, 2 * once, 3 * once, 4 * once, 5 * once]
    assert entries_after_each_round(after, sequence, 5) == [once] * 5
