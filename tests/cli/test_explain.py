"""`verl-doctor explain` as a process: formats, exit codes, and what it does not import."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.doctor import doctor, imported
from tests.patching import guide
from verl_doctor.smoke.probes import PROBES
from verl_doctor.smoke.sessions import Level, Request, plan

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/explain.json").read_text())


def document(*arguments: str) -> dict[str, Any]:
    finished = doctor("explain", "--format", "json", *arguments)
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(finished.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def test_one() -> None:
    finished = doctor("explain", "vdp002")
    assert finished.returncode == 0
    assert finished.stdout.startswith("vllm07-local-rank  VDP002, error, layer patch\n")
    assert "\x1b" not in finished.stdout
    (entry,) = document("VDP002")["entries"]
    assert entry["title"] in finished.stdout
    assert all(command in finished.stdout for cure in entry["cures"] for command in cure["commands"])


def test_all() -> None:
    lines = doctor("explain").stdout.splitlines()
    entries = document()["entries"]
    assert lines[0] == "interpreter"
    assert len([line for line in lines if line.startswith("  VD")]) == len(entries) - len(PROBES)
    at = lines.index("smoke test")
    assert [line.split()[0] for line in lines[at + 1 :] if line and line.split()[0] in PROBES] == list(PROBES)
    assert [entry["name"] for entry in entries[-len(PROBES) :]] == list(PROBES)


@pytest.mark.parametrize("name", PROBES)
def test_each_probe(name: str) -> None:
    (entry,) = document(name)["entries"]
    assert (entry["id"], entry["kind"]) == (name, "probe")
    (cure,) = entry["cures"]
    assert [f"verl-doctor patch --apply {patch}" for patch in PROBES[name].proves] == cure["commands"][:-1]
    text = doctor("explain", name).stdout
    assert text.startswith(f"{name}  probe of the smoke test\n")
    assert PROBES[name].shows[1:] in text
    again = cure["commands"][-1].split()
    level = Level(again[again.index("--level") + 1]) if "--level" in again else Level.QUICK
    planned = plan(Request(level=level, gpus=2, bench="--bench" in again, only=(name,)))
    assert [session.probes for session in planned.sessions] == [(name,)]
    assert not planned.skipped


def test_unknown() -> None:
    finished = doctor("explain", "local-rank")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr == ("verl-doctor: Nothing is called 'local-rank'; near it are vllm07-local-rank (VDP002).\n")


@pytest.mark.parametrize("arguments", [("VDP001",), (), ("--format", "json")], ids=["one", "all", "json"])
def test_neither_heavy_nor_examined_packages_are_imported(arguments: tuple[str, ...]) -> None:
    assert not imported("explain", *arguments) & {"libcst", "torch", "vllm", "verl", "tensordict", "pydantic", "cattrs"}


def test_a_patch_of_ones_own(tmp_path: Path) -> None:
    folder = tmp_path / "our patches"
    folder.mkdir()
    (folder / "rewards.py").write_text(guide.PATCH)
    shown = doctor("explain", "--patches", folder, "acme001").stdout
    assert shown.startswith("rewards-newline  ACME001, patch, layer patch\n")
    assert "acme-rewards is 1.0 or newer and before 1.4" in shown
    assert "`acme_rewards/score.py`, `score`" in shown
    assert "verl hands the decoded answer over" in shown
    assert f"verl-doctor patch --apply --patches '{folder}' rewards-newline" in shown
    assert "rewards-newline" in doctor("explain", "--patches", folder).stdout
    (entry,) = document("--patches", str(folder), "rewards-newline")["entries"]
    assert entry["kind"] == "patch"
    assert doctor("explain", "rewards-newline").returncode == 2


def test_one_range_and_the_nearest_release() -> None:
    shown = doctor("explain", "VDP001").stdout
    assert "vLLM is 0.7.0 or newer and before 0.7.3;" in shown
    assert "pip install 'vllm==0.7.3'" in shown


@pytest.mark.parametrize("name", ["vllm", "verl", "torch"])
def test_no_command_installs_whatever_is_newest(name: str) -> None:
    commands = [command for entry in document()["entries"] for cure in entry["cures"] for command in cure["commands"]]
    assert any(f"'{name}==" in command for command in commands)
    opened = re.compile(rf"'{name}\s*>=?[^,<']*'")
    assert [command for command in commands if opened.search(command)] == []
