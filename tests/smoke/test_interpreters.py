"""Interpreters that cannot be started, are none, or end before the child says anything."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.smoke.scene import Scene, session
from verl_doctor.smoke import rank

LEFT = "before the probe ended"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        pytest.param(None, "{python} cannot be started: No such file or directory", id="none"),
        pytest.param(b"\x7fELF", "{python} cannot be started: Exec format error", id="no program"),
        pytest.param(b"#!/no/such/shell\n", "{python} cannot be started: No such file or directory", id="no shell"),
        pytest.param(b"#!/bin/true\n", f"the process ended with status 0 {LEFT}", id="does nothing"),
        pytest.param(
            b"#!/bin/sh\necho usage: me >&2\nexit 2\n",
            f"the process ended with status 2 {LEFT}: usage: me",
            id="is no Python",
        ),
    ],
)
def test_an_interpreter_that_is_none(scene: Scene, script: bytes | None, reason: str) -> None:
    scene.python = scene.folder / "python"
    if script is not None:
        scene.python.write_bytes(script)
        scene.python.chmod(0o755)
    results = scene.results("", session("import-vllm", "arithmetic", "rollout"))
    told = reason.format(python=scene.python)
    assert [results[name].reason for name in ("import-vllm", "arithmetic")] == [told, told]
    assert results["rollout"].outcome == "skipped"


def test_an_interpreter_that_may_not_be_run(scene: Scene) -> None:
    scene.python = scene.folder
    assert scene.results("")["import-vllm"].reason == f"{scene.folder} cannot be started: Permission denied"


def test_a_wrapper_around_the_interpreter(scene: Scene) -> None:
    scene.wrapper(f'"{sys.executable}" "$@"')
    assert scene.results("")["import-vllm"].outcome == "passed"


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        pytest.param("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'", id="import"),
        pytest.param("def (", "SyntaxError: .*", id="syntax"),
        pytest.param("import sys; sys.exit('no GPU today')", "no GPU today", id="leaves"),
    ],
)
def test_a_child_that_ends_before_its_first_event(scene: Scene, start: str, reason: str) -> None:
    told = scene.results("", start=start)["import-vllm"].reason
    assert re.fullmatch(f"the process ended with status 1 {LEFT}: {reason}", told or "")


def test_a_rank_that_cannot_be_started_ends_the_others(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(number: int, python: Path, *rest: Any) -> rank.Rank:
        return real(number, python if number == 0 else Path("/no/such/python"), *rest)

    real = rank.Rank
    monkeypatch.setattr(rank, "Rank", start)
    result = scene.results("time.sleep(100)", session("all-reduce", ranks=2))["all-reduce"]
    assert result.reason == "/no/such/python cannot be started: No such file or directory"
