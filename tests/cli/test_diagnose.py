"""`verl-doctor diagnose` as a whole process."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from tests.diagnose.telling import FORKING, traceback
from tests.smoke.processes import until

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/diagnose.json").read_text())
COMMAND = (sys.executable, "-m", "verl_doctor", "diagnose")
TEXT = f"tensordict==0.5.0\ntorch==2.6.0\n(W pid=7) hello\n{traceback(FORKING)}"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "train.log").write_text(TEXT)
    return tmp_path / "train.log"


def run(*arguments: str | Path, text: str | None = None, **options: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **options}
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], input=text, capture_output=True, text=True, env=environ, check=False
    )


def test_the_report(log: Path) -> None:
    done = run(log)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[3].startswith("FOUND  tensordict before 0.6.0 cannot be imported beside torch 2.6")
    assert f"    {log}:7" in lines
    assert f"      > {FORKING}" in lines
    assert "      pip install 'tensordict==0.6.2'" in lines


def test_json_and_text_agree(log: Path) -> None:
    done = run(log, "--format", "json")
    report = json.loads(done.stdout)
    jsonschema.validate(report, SCHEMA)
    assert done.returncode == report["exit_code"] == 1
    assert report["primary"] == report["matches"][0]["name"] == "tensordict-forkingpickler"
    assert report["matches"][0]["remedy"]["commands"] == ["pip install 'tensordict==0.6.2'"]
    assert report["versions"]["torch"] == {"version": "2.6.0", "file": str(log), "line": 2}


def test_an_unknown_failure_as_json(log: Path) -> None:
    log.write_text(traceback("KeyError: 'answer'", "/home/u/reward.py", "score"))
    done = run(log, "--format", "json")
    report = json.loads(done.stdout)
    jsonschema.validate(report, SCHEMA)
    assert (done.returncode, report["primary"]) == (1, None)
    assert [(suspect["line"], suspect["own_code"]) for suspect in report["suspects"]] == [
        (4, "/home/u/reward.py, line 3, in score")
    ]


def test_standard_input_without_a_failure() -> None:
    done = run("-", text="all is well\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "standard input" in done.stdout
    assert "NOTHING  No failure is seen" in done.stdout


def test_no_colour_into_a_pipe(log: Path) -> None:
    assert "\x1b" not in run(log).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["nowhere.log"], "nowhere.log cannot be read: No such file or directory.", id="no file"),
        pytest.param(
            ["--follow", "-"], "--follow takes one log, a file that is there and is not compressed.", id="follow"
        ),
        pytest.param(["-", "--facts", "a", "--prefix", "b"], "leave out --python and --prefix", id="facts and prefix"),
        pytest.param(["-", "--python", "a", "--prefix", "b"], "name two environments", id="python and prefix"),
    ],
)
def test_what_cannot_be_done(arguments: list[str], message: str) -> None:
    done = run(*arguments, text="")
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_the_environment_that_is_named_counts(log: Path, tmp_path: Path) -> None:
    log.write_text(traceback(FORKING))
    for name in ("tensordict-0.6.2", "torch-2.6.0"):
        folder = tmp_path / "site-packages" / f"{name}.dist-info"
        folder.mkdir(parents=True)
        distribution, _, version = name.partition("-")
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    done = run(log, "--prefix", tmp_path / "site-packages", "--format", "json")
    assert json.loads(done.stdout)["matches"][0]["because"] == "an error says so, but the versions speak against it"


def test_facts_in_a_file_that_is_none(log: Path, tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text("{")
    done = run(log, "--facts", tmp_path / "facts.json")
    assert done.returncode == 3  # as with check
    assert len(done.stderr.splitlines()) == 1


def test_ctrl_c_while_following_reports_what_is_there(log: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, str(log), "--follow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as following:
        until(lambda: is_open(log, following.pid) and is_asleep(following.pid))
        following.send_signal(signal.SIGINT)
        out, err = following.communicate(timeout=30)
    assert following.returncode == 130, err
    assert "tensordict-forkingpickler" in out


def is_open(file: Path, pid: int) -> bool:
    return any(link.resolve() == file for link in Path(f"/proc/{pid}/fd").iterdir())


def is_asleep(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_one_log_that_cannot_be_read_does_not_stop_the_others(log: Path, tmp_path: Path) -> None:
    (tmp_path / "bin.out").write_bytes(bytes(range(256)) * 4000)
    done = run(tmp_path, "--format", "json")
    report = json.loads(done.stdout)
    jsonschema.validate(report, SCHEMA)
    assert (done.returncode, report["primary"]) == (1, "tensordict-forkingpickler")
    assert [Path(each["file"]).name for each in report["unread"]] == ["bin.out"]
    log.write_text("fine\n")
    assert run(tmp_path).returncode == 2


def test_a_damaged_log_is_judged_by_what_could_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.log.gz").write_bytes(gzip.compress(TEXT.encode()) + b"garbage that is no gzip")
    done = run(tmp_path / "x.log.gz")
    assert done.returncode == 1
    assert "tensordict-forkingpickler" in done.stdout
    assert "is damaged" in done.stdout


def test_the_same_log_twice_is_one(log: Path) -> None:
    assert "2 times" not in run(log, log).stdout
    assert run("-", "-", text=TEXT).returncode == 1


def test_log_and_facts_cannot_both_be_standard_input() -> None:
    done = run("-", "--facts", "-", text="")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
