"""A program that reads JSON gets an object where a command fails, too."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.doctor import doctor
from tests.cli.environments import MISMATCHED, make
from verl_doctor.errors import (
    BusyError,
    DataError,
    DoctorError,
    LoadInterruptedError,
    PatchRefusedError,
    TargetError,
    UsageError,
    WriteFailedError,
    failure,
)
from verl_doctor.report.error_json import render

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/error.json").read_text())
JSON = ("--format", "json")


def test_schema_itself() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        pytest.param(("check", *JSON, "--prefix", "{tmp}/no"), 3, "target", id="check-target"),
        pytest.param(("check", *JSON, "--facts", "{tmp}/binary"), 3, "data", id="check-data"),
        pytest.param(("check", "-fjson", "--prefix", "x", "--python", "y"), 2, "usage", id="check-usage"),
        pytest.param(("check", *JSON, "--allow", "nothing"), 2, "usage", id="check-allow"),
        pytest.param(("facts", "--prefix", "{tmp}/no"), 3, "target", id="facts-target"),
        pytest.param(("facts", "--prefix", "x", "--python", "y"), 2, "usage", id="facts-usage"),
        pytest.param(("patch", *JSON, "--prefix", "{tmp}/no"), 3, "target", id="patch-target"),
        pytest.param(("patch", *JSON, "--apply", "--revert"), 2, "usage", id="patch-usage"),
        pytest.param(("patch", *JSON, "VDP999", "--prefix", "{tmp}/env"), 2, "usage", id="patch-unknown"),
        pytest.param(("recommend", *JSON, "--vllm", "x"), 2, "usage", id="recommend-usage"),
        pytest.param(("recommend", *JSON, "--prefix", "{tmp}/no"), 3, "target", id="recommend-target"),
        pytest.param(("recommend", *JSON, "-c", "-"), 2, "usage", id="recommend-two-writers"),
        pytest.param(("explain", *JSON, "local-rank"), 2, "usage", id="explain-unknown"),
        pytest.param(("smoke-test", *JSON, "--python", "{tmp}/no"), 3, "target", id="smoke-test-target"),
        pytest.param(("smoke-test", *JSON, "--model", "{tmp}/no"), 3, "target", id="smoke-test-no-gpu"),
        pytest.param(
            ("smoke-test", *JSON, "--device", "cpu", "--model", "{tmp}/no"), 2, "usage", id="smoke-test-usage"
        ),
    ],
)
def test_each_command(arguments: tuple[str, ...], code: int, kind: str, tmp_path: Path) -> None:
    make(tmp_path / "env", MISMATCHED)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    words = [argument.format(tmp=tmp_path) for argument in arguments]
    finished = doctor(*words, environ={"CUDA_VISIBLE_DEVICES": "", "VIRTUAL_ENV": sys.prefix})
    plain: dict[str, Any] = json.loads(finished.stdout)
    jsonschema.validate(plain, SCHEMA)
    assert (finished.returncode, plain["exit_code"], plain["error"]["kind"]) == (code, code, kind)
    assert finished.stderr == f"verl-doctor: {plain['error']['message']}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("check", "--prefix", "/no/folder"), id="text"),
        pytest.param(("check", *JSON, "--nonsense"), id="no-such-option"),
        pytest.param(("check", "--format", "yaml"), id="no-such-format"),
        pytest.param(("facts", "--format", "json"), id="facts-has-no-format"),
    ],
)
def test_none_where_none_was_asked_for(arguments: tuple[str, ...]) -> None:
    finished = doctor(*arguments)
    assert finished.returncode in {2, 3}
    assert finished.stdout == ""


def test_facts_that_are_such_an_object(tmp_path: Path) -> None:
    file = tmp_path / "node.json"
    file.write_text(doctor("facts", "--prefix", "/no/folder").stdout)
    finished = doctor("check", "--facts", file)
    assert finished.returncode == 3
    assert "holds no facts but why there are none: /no/folder is not a folder" in finished.stderr


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        pytest.param(DoctorError("x."), "other", 3, id="other"),
        pytest.param(UsageError("x."), "usage", 2, id="usage"),
        pytest.param(TargetError("x."), "target", 3, id="target"),
        pytest.param(DataError("x."), "data", 3, id="data"),
        pytest.param(PatchRefusedError("x."), "refused", 1, id="refused"),
        pytest.param(WriteFailedError("x."), "write", 3, id="write"),
        pytest.param(BusyError("x."), "busy", 3, id="busy"),
        pytest.param(FileNotFoundError(2, "x", "f"), "system", 3, id="system"),
        pytest.param(ImportError("x", name="yaml"), "dependency", 3, id="dependency"),
        pytest.param(ImportError("x", name="verl_doctor.y"), "bug", 3, id="own-module"),
        pytest.param(KeyError("x"), "bug", 3, id="bug"),
    ],
)
def test_kinds(error: Exception, kind: str, code: int) -> None:
    plain = json.loads(render(failure(error)))
    jsonschema.validate(plain, SCHEMA)
    assert (plain["error"]["kind"], plain["exit_code"]) == (kind, code)


def test_an_interrupt_has_no_object() -> None:
    plain = json.loads(render(failure(LoadInterruptedError("x."))))
    assert plain["exit_code"] not in SCHEMA["properties"]["exit_code"]["enum"]
