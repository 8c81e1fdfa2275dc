"""The files of reports: none of an earlier run is left where a run has no answer, and none is written by mistake."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.doctor import doctor
from tests.cli.environments import make
from tests.report.schemas import follows, is_junit

RECORDED = Path(__file__).parents[1] / "data/facts/vllm-0.7.2-beside-torch-2.13-cpu.json"
COMMANDS = pytest.mark.parametrize("command", ["check", "preflight"])
STALE = "healthy"


@pytest.fixture
def stale(tmp_path: Path) -> dict[str, Path]:
    """Reports of an earlier run, by format."""
    files = {form: tmp_path / f"report.{form}" for form in ("json", "junit", "html", "text")}
    for file in files.values():
        file.write_text(STALE)
    return files


def wanted(files: dict[str, Path]) -> list[str]:
    return ["-o", str(files["text"]), *(f"--report={form}={files[form]}" for form in ("json", "junit", "html"))]


@COMMANDS
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("--facts", "/no/file"), 2, id="facts"),
        pytest.param(("--facts", "{tmp}/broken"), 3, id="broken facts"),
        pytest.param(("--policy", "{tmp}/broken"), 2, id="policy"),
        pytest.param(("--allow", "nothing", "--facts", str(RECORDED)), 2, id="allow"),
        pytest.param(("--prefix", "/no/folder"), 3, id="target"),
        pytest.param(("--facts", "x", "--prefix", "y"), 2, id="usage"),
        pytest.param(("--report", "sarif=/no/folder/x"), 2, id="one that cannot be written"),
        pytest.param(("--ray", "auto"), 2, id="a format that a cluster does not have"),
    ],
)
def test_no_report_of_an_earlier_run_is_left(
    command: str, arguments: tuple[str, ...], code: int, stale: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "broken").write_text("{")
    words = [argument.format(tmp=tmp_path) for argument in arguments]
    finished = doctor(command, *wanted(stale), *words)
    assert (finished.returncode, finished.stdout) == (code, ""), finished.stderr
    left = {form for form, file in stale.items() if file.exists()}
    assert left <= {"json"}
    if left:
        told = json.loads(stale["json"].read_text())
        follows(told, "error")
        assert finished.stderr == f"verl-doctor: {told['error']['message']}\n"
        assert told["exit_code"] == code


@COMMANDS
def test_the_error_goes_where_the_json_was_to_go(command: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    finished = doctor(command, "--format", "json", "-o", file, "--facts", "/no/file")
    assert (finished.returncode, finished.stdout) == (2, "")
    follows(json.loads(file.read_text()), "error")
    finished = doctor(command, "-o", tmp_path / "text", "--report", "json=-", "--facts", "/no/file")
    follows(json.loads(finished.stdout), "error")
    assert not (tmp_path / "text").exists()


@COMMANDS
@pytest.mark.parametrize("other", ["html=/no/folder/x", "json=/no/folder/x"])
def test_a_place_that_cannot_be_written_costs_no_other_its_error(command: str, other: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(STALE)
    finished = doctor(command, "--facts", RECORDED, "-f", "json", "-o", file, "--report", other)
    told = json.loads(file.read_text())
    follows(told, "error")
    assert (finished.returncode, finished.stdout, told["exit_code"]) == (2, "", 2)
    assert told["error"]["message"] == "/no/folder/x cannot be written: /no/folder is no folder."
    assert finished.stderr == f"verl-doctor: {told['error']['message']}\n"


@COMMANDS
@pytest.mark.parametrize("words", [("--facts", str(RECORDED)), ("--allow", "nothing")], ids=["facts", "allow"])
def test_none_is_left_where_a_cluster_is_not_asked(command: str, words: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(STALE)
    finished = doctor(command, "--ray", "auto", *words, "-f", "json", "-o", file)
    assert (finished.returncode, finished.stdout) == (2, "")
    follows(json.loads(file.read_text()), "error")


@pytest.mark.parametrize("words", [("--quiet", "--verbose"), ("--prefix", "x")])
def test_options_that_contradict_each_other_leave_none(words: tuple[str, ...], stale: dict[str, Path]) -> None:
    assert doctor("preflight", *wanted(stale), "--facts", RECORDED, *words).returncode == 2
    follows(json.loads(stale["json"].read_text()), "error")
    assert not [form for form, file in stale.items() if form != "json" and file.exists()]


@COMMANDS
def test_pipes_that_nobody_writes_or_reads_are_not_waited_for(command: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    finished = doctor(command, "--facts", RECORDED, "--policy", tmp_path / "pipe")
    assert (finished.returncode, "it is a pipe" in finished.stderr) == (2, True)
    finished = doctor(command, "--facts", RECORDED, "-o", tmp_path / "pipe")
    assert (finished.returncode, "nobody reads this pipe" in finished.stderr) == (2, True)


@COMMANDS
def test_a_policy_and_reports_through_open_files(command: str, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b'fail-on = "info"\n')
    os.close(write)
    out = (tmp_path / "out").open("wb")
    words = [command, "--facts", str(RECORDED), "--policy", f"/dev/fd/{read}", "-o", f"/dev/fd/{out.fileno()}"]
    finished = subprocess.run(
        [sys.executable, "-m", "verl_doctor", *words], check=False, pass_fds=(read, out.fileno()), capture_output=True
    )
    os.close(read)
    out.close()
    assert (finished.returncode, finished.stdout, finished.stderr) == (1, b"", b"")
    assert "vllm-torch-pin-mismatch" in (tmp_path / "out").read_text()


@COMMANDS
def test_who_reads_a_pipe_gets_the_report(command: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    finished = doctor(command, "--facts", RECORDED, "-o", pipe)
    assert (finished.returncode, finished.stdout, finished.stderr) == (1, "", "")
    assert b"vllm-torch-pin-mismatch" in os.read(reader, 2**16)
    os.close(reader)


@COMMANDS
def test_an_interrupt_leaves_none(command: str, stale: dict[str, Path], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "facts")
    words = [sys.executable, "-m", "verl_doctor", command, *wanted(stale), "--facts", str(tmp_path / "facts")]
    with (
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        (tmp_path / "facts").open("wb"),  # opens when it is read
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (130, "", "verl-doctor: Interrupted.\n")
    assert not [file for file in stale.values() if file.exists()]


@COMMANDS
def test_a_report_keeps_the_mode_of_the_one_before(command: str, stale: dict[str, Path]) -> None:
    stale["junit"].chmod(0o604)
    assert doctor(command, *wanted(stale), "--facts", RECORDED).returncode == 1
    assert stale["junit"].stat().st_mode & 0o777 == 0o604
    is_junit(stale["junit"].read_text())


@COMMANDS
def test_a_dash_is_standard_output(command: str, tmp_path: Path) -> None:
    arguments = ("--facts", RECORDED)
    plain = doctor(command, *arguments, "--format", "json")
    assert doctor(command, *arguments, "--format", "json", "-o", "-").stdout == plain.stdout
    text = tmp_path / "text"
    assert doctor(command, *arguments, "-o", text, "--report", "json=-").stdout == plain.stdout
    assert "vllm-torch-pin-mismatch" in text.read_text()
    refused = doctor(command, *arguments, "--report", "json=-")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Two reports cannot go to standard output" in refused.stderr
    assert not Path("-").exists()


@COMMANDS
@pytest.mark.parametrize("kind", ["facts", "policy"])
def test_what_is_read_is_never_written(command: str, kind: str, tmp_path: Path) -> None:
    file = tmp_path / kind
    content = RECORDED.read_bytes() if kind == "facts" else b'fail-on = "info"\n'
    file.write_bytes(content)
    finished = doctor(command, "--facts", RECORDED, f"--{kind}", file, "--format", "json", "-o", file)
    assert finished.returncode == 2
    assert "is read by this command" in finished.stderr
    assert file.read_bytes() == content


def test_a_policy_that_is_searched_for_is_never_written(tmp_path: Path) -> None:
    policy = tmp_path / "verl-doctor.toml"
    policy.write_text('fail-on = "info"\n')
    words = [sys.executable, "-m", "verl_doctor", "preflight", "--facts", str(RECORDED), "-o", policy.name]
    finished = subprocess.run(words, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert finished.returncode == 2, finished.stderr
    assert policy.read_text() == 'fail-on = "info"\n'


def test_a_place_that_cannot_be_written_is_told_before_anything_is_tried(tmp_path: Path) -> None:
    finished = doctor("preflight", "--prefix", tmp_path / "no-environment", "--report", "json=/proc/report.json")
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr == "verl-doctor: /proc/report.json cannot be written: No such file or directory.\n"
    assert list(tmp_path.iterdir()) == []


def test_what_the_command_line_holds_steers_no_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b[31mb\nHEALTHY"
    finished = doctor("check", "--prefix", folder)
    assert finished.returncode == 3
    assert r"a\x1b[31mb\x0aHEALTHY" in finished.stderr
    make(folder, {"vllm": ("0.7.2", ())})
    for command in (("check",), ("preflight", "--level", "none"), ("patch", "--status")):
        finished = doctor(*command, "--prefix", folder, environ={"COLUMNS": "10000"})
        assert "\x1b" not in finished.stdout + finished.stderr
        assert not [line for line in finished.stdout.splitlines() if line.lstrip().startswith("HEALTHY")]
