"""`verl-doctor preflight`, and the formats and the policy of `check`, as a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.doctor import doctor, imported
from tests.cli.environments import MISMATCHED, make
from tests.patching.sandbox import FILES, FIXED
from tests.report import preflights
from tests.report.schemas import follows, is_junit, is_sarif
from verl_doctor.cli.reports import ReportFormat, deliver, delivery
from verl_doctor.examine import questions
from verl_doctor.model import Severity
from verl_doctor.preflight.policy_file import find

RECORDED = Path(__file__).parents[1] / "data/facts/vllm-0.7.2-beside-torch-2.13-cpu.json"
NO_GPU = '[checks.driver-missing]\nseverity = "ignore"\nreason = "built without a GPU"\nexpires = 2999-12-31\n'


@pytest.fixture
def mismatched(tmp_path: Path) -> Path:
    make(tmp_path / "env", MISMATCHED, torch="2.13.0")
    return tmp_path / "env"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    file = tmp_path / "verl-doctor.toml"
    file.write_text(NO_GPU)
    return file


def report(*arguments: str | Path, code: int, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    finished = doctor("preflight", "--format", "json", *arguments, environ=environ)
    assert finished.returncode == code, finished.stderr
    document: dict[str, Any] = json.loads(finished.stdout)
    follows(document, "preflight")
    assert document["exit_code"] == code
    return document


def test_the_cause_and_why_nothing_was_tried(mismatched: Path, policy: Path) -> None:
    document = report("--prefix", mismatched, "--policy", policy, code=1)
    assert document["check"]["results"][0]["name"] == "vllm-torch-pin-mismatch"
    assert document["smoke_test"]["reason"].startswith("the check found vllm-torch-pin-mismatch")
    assert document["verdict"] == "broken"
    driver = next(each for each in document["check"]["results"] if each["name"] == "driver-missing")
    assert driver["policy"] == {"severity": "ignore", "reason": "built without a GPU", "expires": "2999-12-31"}
    assert driver["allowed"]


def test_text_and_json_say_the_same(mismatched: Path, policy: Path) -> None:
    arguments = ("--prefix", mismatched, "--policy", policy)
    text = doctor("preflight", *arguments, environ={"COLUMNS": "1000"})
    assert text.returncode == 1
    assert text.stdout.splitlines()[-1] == report(*arguments, code=1)["summary"]
    assert "\x1b" not in text.stdout
    quiet = doctor("preflight", "--quiet", *arguments)
    assert (quiet.stdout, quiet.returncode) == (f"{text.stdout.splitlines()[-1]}\n", 1)
    verbose = doctor("preflight", "--verbose", *arguments)
    assert "Found nothing" in verbose.stdout.splitlines()


def test_progress_is_no_part_of_the_report(mismatched: Path) -> None:
    assert doctor("preflight", "--prefix", mismatched).stderr == ""


def test_patches_are_applied_and_the_check_is_of_what_is_then(tmp_path: Path, policy: Path) -> None:
    site = make(tmp_path / "env", {"vllm": ("0.7.2", ())})
    for file, content in FILES.items():
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).write_bytes(content)
    arguments = ("--prefix", tmp_path / "env", "--policy", policy, "--level", "none")
    assert report(*arguments, code=1)["patches"]["changed"] == []
    document = report(*arguments, "--apply-patches", code=1)
    assert sorted(document["patches"]["changed"]) == sorted(str(site / file) for file in FILES)
    assert {file: (site / file).read_bytes() for file in FILES} == FIXED
    assert not [
        each for each in document["check"]["results"] if each["name"].startswith("vllm07-") and each["findings"]
    ]


def test_keep_going_tries_what_cannot_work() -> None:
    arguments = ("--python", sys.executable, "--device", "cpu", "--keep-going", "--deadline", "60")
    document = report(*arguments, code=1)
    assert {probe["reason"] for probe in document["smoke_test"]["probes"]} == {"torch is not installed here"}
    assert document["smoke_test"]["verdict"] == "unknown"


def test_the_policy_says_what_is_tried(mismatched: Path, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[smoke-test]\nlevel = "none"\nmodel = "no/such"\n[patches]\napply = true\n')
    document = report("--prefix", mismatched, "--policy", policy, code=1)
    assert document["smoke_test"] == {"verdict": None, "wanted": False, "reason": "none is asked for"}
    assert document["patches"]["asked"]
    finished = doctor("preflight", "--prefix", mismatched, "--policy", policy, "--level", "quick")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "no/such is no folder of a model" in finished.stderr


def test_several_reports_of_one_run(mismatched: Path, tmp_path: Path) -> None:
    files = {form: tmp_path / f"report.{form}" for form in ("junit", "sarif", "html", "markdown", "gitlab", "json")}
    wanted = [word for form, file in files.items() for word in ("--report", f"{form}={file}")]
    finished = doctor("preflight", "--prefix", mismatched, *wanted)
    assert finished.returncode == 1
    assert "Cure this first" in finished.stdout
    is_junit(files["junit"].read_text())
    is_sarif(files["sarif"].read_text())
    follows(json.loads(files["gitlab"].read_text()), "gitlab-code-quality")
    follows(json.loads(files["json"].read_text()), "preflight")
    assert files["html"].read_text().startswith("<!DOCTYPE html>")
    assert "### System Info" in files["markdown"].read_text()


def test_the_report_in_a_file_leaves_standard_output_empty(mismatched: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.txt"
    finished = doctor("preflight", "--prefix", mismatched, "--output", file)
    assert (finished.returncode, finished.stdout) == (1, "")
    assert file.read_text().splitlines()[-1].startswith("BROKEN  vllm-torch-pin-mismatch: ")
    assert "\x1b" not in file.read_text()


def test_a_file_that_cannot_be_written_costs_no_other_report(mismatched: Path, tmp_path: Path) -> None:
    full, good = Path("/dev/full"), tmp_path / "good.xml"
    finished = doctor("preflight", "--prefix", mismatched, "--report", f"json={full}", "--report", f"junit={good}")
    assert finished.returncode == 1
    assert finished.stderr == "verl-doctor: /dev/full cannot be written: No space left on device.\n"
    assert "Cure this first" in finished.stdout
    is_junit(good.read_text())


@pytest.mark.parametrize("command", ["check", "preflight"])
@pytest.mark.parametrize("place", ["report", "output", "standard output"])
@pytest.mark.parametrize(("allowed", "code"), [(False, 1), (True, 3)])
def test_a_failed_write_hides_no_verdict(  # noqa: PLR0913, PLR0917 # what is run, where, and on what
    command: str, place: str, allowed: bool, code: int, mismatched: Path, tmp_path: Path
) -> None:
    names = [each.name for each in questions() if each.severity is Severity.ERROR]
    words = ["--level", "none"] if command == "preflight" else []
    words += [word for name in names if allowed for word in ("--allow", name)]
    assert doctor(command, "--prefix", mismatched, *words).returncode == (0 if allowed else 1)
    more: dict[str, list[str]] = {"report": ["--report", "json=/dev/full"], "output": ["-o", "/dev/full"]}
    words += more.get(place, [])
    good = tmp_path / "good.xml"
    with Path("/dev/full" if place == "standard output" else "/dev/null").open("wb") as out:
        finished = subprocess.run(
            [sys.executable, "-m", "verl_doctor", command, "--prefix", mismatched, *words, "--report", f"junit={good}"],
            check=False,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert finished.returncode == code, finished.stderr
    where = "Standard output" if place == "standard output" else "/dev/full"
    assert finished.stderr == f"verl-doctor: {where} cannot be written: No space left on device.\n"
    is_junit(good.read_text())


def test_a_reader_that_has_left_gets_the_files(mismatched: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    read, write = os.pipe()
    os.close(read)
    words: list[str | Path] = ["preflight", "--prefix", mismatched, "--report", f"json={good}"]
    subprocess.run([sys.executable, "-m", "verl_doctor", *words], check=False, stdout=write, stderr=subprocess.DEVNULL)
    os.close(write)
    follows(json.loads(good.read_text()), "preflight")


def test_a_format_that_breaks_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def breaks(_: object) -> str:
        raise ValueError("no such page")

    monkeypatch.setattr("verl_doctor.report.of_preflight.OfPreflight.html", breaks)
    extra = [f"html={tmp_path / 'page'}", f"text={tmp_path / 'text'}", f"junit={tmp_path / 'junit'}"]
    preflight = preflights.saying("half \udc80 of a character")
    wanted = delivery(ReportFormat.TEXT, tmp_path / "main", extra)
    assert deliver(preflights.written(preflight), wanted, 0) == 3
    assert deliver(preflights.written(preflight), wanted, 1) == 1
    assert f"{tmp_path / 'page'} is not written: this is a bug of verl-doctor" in capsys.readouterr().err
    assert "half \\udc80 of a character" in (tmp_path / "text").read_text()
    is_junit((tmp_path / "junit").read_text())


def test_the_summary_of_a_github_job(mismatched: Path, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    finished = doctor("check", "--prefix", mismatched, "--format", "github", environ={"GITHUB_STEP_SUMMARY": str(file)})
    assert finished.stdout.startswith("::error title=vllm-torch-pin-mismatch (VD020)::")
    assert file.read_text().startswith("## verl-doctor check\n")
    before = file.read_text()
    doctor("check", "--prefix", mismatched, environ={"GITHUB_STEP_SUMMARY": str(file)})
    assert file.read_text() == before


def test_facts_of_another_machine(policy: Path) -> None:
    document = report("--facts", RECORDED, "--policy", policy, code=1)
    assert document["smoke_test"] == {
        "verdict": None,
        "wanted": True,
        "reason": "facts that were read from a file are judged",
    }
    assert {each["state"] for each in document["patches"]["states"]} >= {"applicable", "absent"}


@pytest.mark.parametrize("command", ["check", "preflight"])
def test_every_format_of_recorded_facts(command: str, tmp_path: Path) -> None:
    for form in ("text", "json", "junit", "sarif", "github", "gitlab", "markdown", "html"):
        file = tmp_path / form
        finished = doctor(command, "--facts", RECORDED, "--format", form, "--output", file)
        assert (finished.returncode, finished.stdout, finished.stderr) == (1, "", "")
        assert "vllm-torch-pin-mismatch" in file.read_text()


def test_the_policy_of_a_check(policy: Path) -> None:
    policy.write_text(f'{NO_GPU}[expect]\ngpus = 8\n[expect.versions]\nverl = "==0.5.*"\n')
    finished = doctor("check", "--facts", RECORDED, "--policy", policy, "--format", "json")
    follows(json.loads(finished.stdout), "check")
    results = {each["name"]: each for each in json.loads(finished.stdout)["results"]}
    assert results["driver-missing"]["allowed"]
    assert "expects 8" in results["gpu-count-unexpected"]["findings"][0]["message"]
    assert results["version-unexpected"]["outcome"] == "failed"
    without = json.loads(doctor("check", "--facts", RECORDED, "--format", "json").stdout)["results"]
    assert not {each["name"] for each in without} & {"gpu-count-unexpected", "version-unexpected"}


def test_a_policy_can_make_milder_failures_count(tmp_path: Path) -> None:
    make(tmp_path / "env", {"vllm": ("99.0", ())})
    errors = [
        each["name"]
        for each in report("--prefix", tmp_path / "env", "--level", "none", code=1)["check"]["results"]
        if each["severity"] == "error" and each["outcome"] != "passed"
    ]
    ignored = "".join(f'[checks."{name}"]\nseverity = "ignore"\nreason = "r"\n' for name in errors)
    policy = tmp_path / "policy.toml"
    policy.write_text(ignored)
    arguments = ("--prefix", tmp_path / "env", "--level", "none", "--policy", policy)
    report(*arguments, code=0)
    report(*arguments, "--fail-on", "info", code=1)
    policy.write_text(f'fail-on = "info"\n{ignored}')
    report(*arguments, code=1)
    report(*arguments, "--fail-on", "error", code=0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--policy", "/no/file"), "The policy /no/file cannot be read: No such file", id="no policy"),
        pytest.param(("--policy", "{broken}"), ":1: 'gpu' is not known here", id="a wrong term"),
        pytest.param(("--quiet", "--verbose"), "--quiet and --verbose cannot be given together", id="both"),
        pytest.param(("--report", "pdf=x"), "--report takes FORMAT=FILE", id="no such format"),
        pytest.param(("--report", "json"), "--report takes FORMAT=FILE", id="no file"),
        pytest.param(("--report", "json=/no/folder/x"), "/no/folder is no folder", id="no folder"),
        pytest.param(("--output", "/"), "it is a folder", id="a folder"),
        pytest.param(
            ("--report", "json=same", "--report", "html=same"), "cannot go to the same file", id="the same file"
        ),
        pytest.param(("--facts", "{broken}", "--apply-patches"), "leave out", id="patch another machine"),
        pytest.param(("--level", "deep"), "deep", id="level"),
        pytest.param(("--format", "yaml"), "yaml", id="format"),
        pytest.param(("--deadline", "0"), "--deadline", id="deadline"),
        pytest.param(("--model", "/no/model"), "is no folder of a model", id="model"),
        pytest.param(("--allow", "nothing"), "No check is called 'nothing'", id="allow"),
    ],
)
def test_bad_usage_is_refused_before_any_work(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("gpu = 8\n")
    finished = doctor("preflight", *(argument.format(broken=broken) for argument in arguments))
    assert finished.returncode == 2
    assert said in " ".join(finished.stderr.split())
    assert finished.stdout == ""


def test_the_example_is_a_policy() -> None:
    example = Path(__file__).parents[2] / "examples/policy/verl-doctor.toml"
    document = report("--facts", RECORDED, "--policy", example, code=1)
    assert document["policy"]["expectations"]["gpus"] == 1


def test_what_is_not_wanted_is_not_imported(mismatched: Path) -> None:
    heavy = {"libcst", "rich", "torch", "vllm", "verl", "tensordict", "pydantic", "cattrs", "tomllib", "tomli", "html"}
    assert not heavy & imported("check", "--format", "json", "--prefix", mismatched)
    assert not (heavy - {"tomllib", "tomli"}) & imported(
        "preflight", "--format", "json", "--level", "none", "--prefix", mismatched
    )


def test_the_guide_tells_of_every_format_and_expectation(tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs/preflight.md").read_text()
    for name in (*ReportFormat, *(question.name for question in questions() if question.id.startswith("VD80"))):
        assert f"`{getattr(name, 'value', name)}`" in guide
    (block,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    file = tmp_path / "guide.toml"
    file.write_text(block)
    policy = find(file, tmp_path)
    assert policy is not None
    assert policy.expect.gpus == 8


@pytest.mark.parametrize("value", ["nan", "inf", "1e400", "1e300"])
@pytest.mark.parametrize(
    "command",
    [("preflight", "--deadline"), ("check", "--deep", "--deadline"), ("check", "--ray=auto", "--node-deadline")],
)
def test_a_deadline_that_is_none_is_wrong_usage(command: tuple[str, ...], value: str) -> None:
    finished = doctor(*command, value)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert "is not a number of seconds" in finished.stderr
