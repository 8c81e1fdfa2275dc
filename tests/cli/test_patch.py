"""`verl-doctor patch` as a process: what it prints where, exit codes, JSON, and what it does not import."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.doctor import doctor, imported
from tests.patching.sandbox import FILES, FIXED, Sandbox, make

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/patch.json").read_text())
NAMES = ["vllm07-world-size-assert", "vllm07-local-rank", "vllm07-empty-cache"]


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    return make(tmp_path / "site")


def states(*arguments: str | Path, code: int = 0) -> dict[str, Any]:
    finished = doctor("patch", "--format", "json", *arguments)
    assert finished.returncode == code, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == code
    return document


def words(document: dict[str, Any]) -> list[str]:
    return [patch["state"] for patch in document["patches"]]


def test_apply_and_revert(box: Sandbox) -> None:
    before = box.snapshot()
    target = ("--prefix", box.site)
    assert words(states("--status", *target)) == ["applicable"] * 3
    assert words(states("--check", *target, code=1)) == ["applicable"] * 3
    preview = states(*target)
    assert preview["diff"].count("\n--- a/") == 2
    assert box.snapshot() == before
    applied = states("--apply", *target)
    assert words(applied) == ["applied"] * 3
    assert applied["changed"] == [str(box.site / file) for file in FIXED]
    assert {file: box.read(file) for file in FIXED} == FIXED
    assert words(states("--check", *target)) == ["applied"] * 3
    assert states("--apply", *target)["changed"] == []
    assert words(states("--revert", *target)) == ["applicable"] * 3
    assert box.snapshot() == before


def test_one_patch_by_id_and_another_by_name(box: Sandbox) -> None:
    document = states("VDP002", "vllm07-empty-cache", "--apply", "--prefix", box.site)
    assert [patch["name"] for patch in document["patches"]] == NAMES[1:]
    assert words(states("--status", "--prefix", box.site)) == ["applicable", "applied", "applied"]


@pytest.mark.parametrize("program", [("git", "apply"), ("patch", "-p1", "-i")], ids=lambda program: program[0])
def test_the_diff_alone_goes_to_standard_output(box: Sandbox, program: tuple[str, ...], tmp_path: Path) -> None:
    finished = doctor("patch", "--prefix", box.site)
    assert finished.returncode == 0
    diff = tmp_path / "fix.diff"
    diff.write_text(finished.stdout)
    assert all(f"to be applied     VDP00{n}" in finished.stderr for n in (1, 2, 3))
    subprocess.run([*program, str(diff)], check=True, cwd=box.site, capture_output=True)
    assert {file: box.read(file) for file in FIXED} == FIXED


def test_a_foreign_file_is_refused_in_one_sentence(box: Sandbox) -> None:
    box.write(next(iter(FILES)), b"def initialize_model_parallel(): raise RuntimeError\n")
    before = box.snapshot()
    finished = doctor("patch", "--apply", "--prefix", box.site)
    assert finished.returncode == 1
    assert finished.stderr.startswith("verl-doctor: Nothing was written, because vllm/distributed/parallel_state.py")
    assert len(finished.stderr.splitlines()) == 1
    assert box.snapshot() == before


@pytest.mark.parametrize(
    "content",
    [pytest.param(b"# Ren\xe9\n", id="not-utf-8"), pytest.param(b"# coding: klingon\n", id="no-such-encoding"), None],
)
def test_a_file_that_cannot_be_read_as_text_or_is_gone(box: Sandbox, content: bytes | None) -> None:
    file = next(iter(FILES))
    if content is None:
        (box.site / file).unlink()
    else:
        box.write(file, content + FILES[file])
    before = box.snapshot()
    finished = doctor("patch", "--apply", "--prefix", box.site)
    assert (finished.returncode, len(finished.stderr.splitlines())) == (1, 1)
    assert file in finished.stderr
    assert box.snapshot() == before
    assert words(states("--status", "--prefix", box.site))[0] == ("absent" if content is None else "unrecognised")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("nothing",), "There is no patch nothing; known are", id="unknown"),
        pytest.param(("--apply", "--revert"), "--apply and --revert cannot be given together", id="two"),
    ],
)
def test_wrong_usage(box: Sandbox, arguments: tuple[str, ...], said: str) -> None:
    finished = doctor("patch", *arguments, "--prefix", box.site)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert said in finished.stderr


@pytest.mark.real
def test_status_of_released_files_imports_no_libcst(installed: Any) -> None:
    site = installed("vllm", "0.7.2", list(FILES))
    names = imported("patch", "--status", "--prefix", site)
    assert "verl_doctor" in names
    assert not names & {"libcst", "rich", "yaml", "pydantic", "torch", "vllm"}
    assert not imported("check", "--format", "json", "--prefix", site) & {"libcst", "rich", "torch", "vllm"}
