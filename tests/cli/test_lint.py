"""`verl-doctor lint`: reports, corrections, exit codes, bad input, and what it does not import."""

from __future__ import annotations

import io
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.doctor import doctor, imported
from tests.cli.environments import make
from tests.lint.rules_for_tests import remove, replace, rule
from verl_doctor.cli.lint import command
from verl_doctor.cli.options import Format
from verl_doctor.cli.severity import FailOn
from verl_doctor.errors import UsageError, WriteFailedError
from verl_doctor.lint import judge, run

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/schemas/lint.json").read_text())
MAIN = "python3 -m verl.trainer.main_ppo"
TEXT = f"#!/bin/bash\nexport BAD=0\n{MAIN} \\\n    trainer.n=1 \\\n    trainer.keep=2\n"
RULES = (rule("BAD", "0", remove), rule("trainer.n", "1", replace("2")), rule("trainer.keep", "2"))
Lint = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lint(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Lint:
    """`lint(file, fix=True)`: exit code and what is written, judged with rules of this module."""
    monkeypatch.setattr(judge, "all_rules", lambda: RULES)
    monkeypatch.setattr(run, "all_rules", lambda: RULES)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*files: Path, **options: Any) -> tuple[int, str, str]:
        code = command(list(files), **{"verl": "0.4.0", "vllm": "0.8.4", **options})
        out, err = capsysbinary.readouterr()
        return code, out.decode(errors="replace"), err.decode()

    return call


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "run.sh"
    path.write_text(TEXT)
    return path


def test_schema_itself() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_report(lint: Lint, script: Path) -> None:
    code, out, err = lint(script)
    assert (code, err) == (1, "")
    assert (
        out
        == f"""\
error  {script}:2  no-bad-0 (VD999)
    - export BAD=0
    BAD is 0.
    Cure: Change it.
        true

error  {script}:4  no-trainer.n-1 (VD999)
    - trainer.n=1 \\
    + trainer.n=2 \\
    trainer.n is 1.
    Cure: Change it.
        true

error  {script}:5  no-trainer.keep-2 (VD999)
      trainer.keep=2
    trainer.keep is 2.
    Cure: Change it.
        true

3 errors in 1 file for verl 0.4.0, vllm 0.8.4; --fix corrects 2, --diff shows
how.
"""
    )


def test_json(lint: Lint, script: Path) -> None:
    code, out, _ = lint(script, output=Format.JSON)
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    assert (code, document["exit_code"]) == (1, 1)
    assert [(each["line"], each["correction"]) for each in document["results"]] == [
        (2, ["- export BAD=0"]),
        (4, ["- trainer.n=1 \\", "+ trainer.n=2 \\"]),
        (5, None),
    ]
    assert document["versions"] == {"verl": "0.4.0", "vllm": "0.8.4"}
    assert "diff" not in document


def test_diff_writes_nothing(lint: Lint, script: Path) -> None:
    code, out, err = lint(script, diff=True)
    name = str(script).lstrip("/")
    assert code == 1
    assert out.splitlines()[:2] == [f"--- a/{name}", f"+++ b/{name}"]
    assert [line for line in out.splitlines()[2:] if line[0] in "-+"] == [
        "-export BAD=0",
        "-    trainer.n=1 \\",
        "+    trainer.n=2 \\",
    ]
    assert " ".join(err.split()) == "3 errors in 1 file for verl 0.4.0, vllm 0.8.4; --fix corrects 2."
    assert script.read_text() == TEXT


@pytest.mark.parametrize("output", [Format.TEXT, Format.JSON])
def test_fix(lint: Lint, script: Path, output: Format) -> None:
    script.chmod(0o750)
    code, out, err = lint(script, fix=True, output=output)
    assert (code, err) == (1, "")
    assert script.read_text() == f"#!/bin/bash\n{MAIN} \\\n    trainer.n=2 \\\n    trainer.keep=2\n"
    assert stat.S_IMODE(script.stat().st_mode) == 0o750
    assert "-export BAD=0" in out
    if output is Format.JSON:
        document = json.loads(out)
        jsonschema.validate(document, SCHEMA)
        assert [each["name"] for each in document["results"]] == ["no-trainer.keep-2"]
        assert [each["line"] for each in document["corrected"]] == [2, 4]
        assert document["changed"] == [str(script)]
    else:
        assert f"corrected  {script}:2  no-bad-0 (VD999)\n" in out
        assert out.endswith("1 error left in 1 file for verl 0.4.0, vllm 0.8.4; 2 corrected.\n")


def test_exit_code_is_that_of_what_remains(lint: Lint, script: Path) -> None:
    script.write_text(f"export BAD=0\n{MAIN}\n")
    assert lint(script)[0] == 1
    code, out, _ = lint(script, fix=True)
    assert (code, out.splitlines()[-1]) == (0, "1 finding corrected, none left in 1 file for verl 0.4.0, vllm 0.8.4.")
    assert lint(script) == (0, "Nothing wrong in 1 file for verl 0.4.0, vllm 0.8.4.\n", "")


def test_what_is_allowed_is_shown_and_left(lint: Lint, script: Path) -> None:
    names = [f"no-{name}" for name in ("bad-0", "trainer.n-1", "trainer.keep-2")]
    assert lint(script, allow=names[:2])[0] == 1
    code, out, _ = lint(script, allow=names, fix=True)
    assert code == 0
    assert f"info  {script}:2  no-bad-0 (VD999)  allowed" in out
    assert script.read_text() == TEXT


def test_fail_on(lint: Lint, script: Path) -> None:
    assert lint(script, fail_on=FailOn.INFO)[0] == 1


def test_links_are_followed_and_hard_links_kept_apart(lint: Lint, script: Path, tmp_path: Path) -> None:
    (tmp_path / "link.sh").symlink_to(script)
    (tmp_path / "hard.sh").hardlink_to(script)
    lint(tmp_path / "link.sh", fix=True)
    assert (tmp_path / "link.sh").is_symlink()
    assert "BAD" not in script.read_text()
    assert (tmp_path / "hard.sh").read_text() == TEXT


def test_windows_line_ends_and_other_encodings_stay(lint: Lint, script: Path) -> None:
    script.write_bytes(b"# caf\xe9\r\n" + TEXT.replace("\n", "\r\n").encode())
    lint(script, fix=True)
    assert script.read_bytes() == (
        f"# caf\xe9\r\n#!/bin/bash\r\n{MAIN} \\\r\n    trainer.n=2 \\\r\n    trainer.keep=2\r\n".encode("latin-1")
    )


def test_a_file_that_changes_meanwhile_is_left(lint: Lint, script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def change_first(outcome: Any) -> None:
        script.write_text("other\n")
        run.__dict__["_write"](outcome)

    monkeypatch.setitem(run.__dict__, "_write", run.write_corrected)
    monkeypatch.setattr(run, "write_corrected", change_first)
    with pytest.raises(UsageError, match="has changed while"):
        lint(script, fix=True)
    assert script.read_text() == "other\n"


def test_no_room_to_write(lint: Lint, script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WriteFailedError, match="No space left"):
        lint(script, fix=True)
    assert script.read_text() == TEXT
    assert list(script.parent.iterdir()) == [script]


def test_standard_input(lint: Lint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    code, out, _ = lint(Path("-"))
    assert code == 1
    assert "error  -:2  no-bad-0" in out


def test_folders(lint: Lint, tmp_path: Path) -> None:
    for name, text in {
        "a/run.sh": TEXT,
        "a/other.yaml": "services: {}\n",
        "a/empty.sh": "",
        "a/broken.sh": f'{MAIN} a.b=1\necho "open\n',
        ".git/run.sh": TEXT,
        "a/notes.md": "x",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    code, out, _ = lint(tmp_path)
    assert code == 1
    assert f"not read  {tmp_path}/a/broken.sh:2  not understood: " in out
    assert f"not read  {tmp_path}/a/empty.sh is empty.\n" in out
    assert "in 2 files" in out
    assert "but not all of it could" in out
    document = json.loads(lint(tmp_path, output=Format.JSON)[1])
    jsonschema.validate(document, SCHEMA)
    assert [each["file"] for each in document["passed_over"]] == [f"{tmp_path}/a/empty.sh"]


def test_a_rule_that_breaks_is_not_healthy(lint: Lint, script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(
        judge, "all_rules", lambda: (judge.Rule(id="VD998", name="bad", severity=RULES[0].severity, ask=broken),)
    )
    code, out, _ = lint(script)
    assert code == 3
    assert "broke  the rule bad: ZeroDivisionError: by zero" in out
    jsonschema.validate(json.loads(lint(script, output=Format.JSON)[1]), SCHEMA)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("{tmp}/none.sh",), "none.sh cannot be read: No such file", id="missing"),
        pytest.param(("{tmp}/binary.sh",), "is a binary file", id="binary"),
        pytest.param(("{tmp}/huge.sh",), "has more than 4 MiB", id="huge"),
        pytest.param(("{tmp}/empty.sh",), "is empty", id="empty"),
        pytest.param(("{tmp}/other.yaml",), "sets nothing for verl", id="other"),
        pytest.param(("{tmp}/run.sh", "--verl", "new"), "--verl new: that is no version", id="version"),
        pytest.param(("{tmp}/run.sh", "--allow", "nothing"), "is called 'nothing'", id="allow"),
        pytest.param(("{tmp}/run.sh", "--fix", "--diff"), "Give one of them", id="fix-and-diff"),
        pytest.param(("-", "--fix"), "--fix cannot write to standard input", id="fix-standard-input"),
        pytest.param(("-", "-"), "once only", id="standard-input-twice"),
        pytest.param(("{tmp}/run.sh", "--python", "p", "--prefix", "q"), "two environments", id="two-environments"),
        pytest.param(("{tmp}/run.sh", "--facts", "p", "--prefix", "q"), "--facts already says", id="facts-and-prefix"),
        pytest.param(("{tmp}/run.sh", "--gpus", "0"), "0 is not in the range", id="no-gpus"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "run.sh").write_text(TEXT)
    (tmp_path / "binary.sh").write_bytes(b"\x7fELF\0\0")
    (tmp_path / "huge.sh").write_bytes(b"#\n" * (2 * 1024 * 1024 + 1))
    (tmp_path / "empty.sh").write_text("\n")
    (tmp_path / "other.yaml").write_text("services: {}\n")
    finished = doctor("lint", *(each.format(tmp=tmp_path) for each in arguments))
    assert finished.returncode == 2
    assert message in " ".join(finished.stderr.replace("\u2502", " ").split())


def test_versions_of_an_environment_and_those_that_are_told(tmp_path: Path) -> None:
    make(tmp_path / "env", {"verl": ("0.4.0", ()), "vllm": ("0.8.4", ())})
    (tmp_path / "run.sh").write_text(f"{MAIN} trainer.nnodes=1\n")
    prefix = ("--prefix", tmp_path / "env")
    told = [
        " ".join(doctor("lint", tmp_path / "run.sh", *options).stdout.split())
        for options in (prefix, (*prefix, "--vllm", "0.9.1", "--gpus", "4"), ("--verl", "0.5.0"))
    ]
    assert "for verl 0.4.0, vllm 0.8.4" in told[0]
    assert "for verl 0.4.0, vllm 0.9.1" in told[1]
    assert "for verl 0.5.0" in told[2]
    assert "The version of vllm is not known" in told[2]


def test_it_imports_neither_libcst_nor_torch(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text(TEXT)
    assert imported("lint", tmp_path / "run.sh", "--diff").isdisjoint({"libcst", "torch"})


def test_without_the_grammar(tmp_path: Path) -> None:
    (tmp_path / "run.sh").write_text(TEXT)
    (tmp_path / "requirements.txt").write_text("vllm\n")
    hide = tmp_path / "hide"
    hide.mkdir()
    (hide / "tree_sitter.py").write_text("raise ImportError('No module named tree_sitter')\n")
    environ = {"PYTHONPATH": str(hide)}
    finished = doctor("lint", tmp_path / "run.sh", environ=environ)
    assert finished.returncode == 3
    assert "in its checkout, install '.[lint]'." in finished.stderr
    assert doctor("lint", tmp_path / "requirements.txt", "--verl", "0.4.0", environ=environ).returncode == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("echo hello\n", True, id="other-work"),
        pytest.param("pip install vllm==0.8.4\n", True, id="installs"),
        pytest.param("export A=1\n", True, id="variables"),
        pytest.param(f"{MAIN} trainer.x=1\n", False, id="verl"),
        pytest.param("vllm serve m\n", False, id="vllm"),
        pytest.param("$RUN trainer.x=1\n", False, id="unknown-program"),
    ],
)
def test_a_script_without_a_launch(lint: Lint, script: Path, text: str, told: bool) -> None:
    script.write_text(text)
    code, out, _ = lint(script)
    said = f"No launch of verl or vLLM was found in {script}, so there was little to judge."
    expected = said if told else "Nothing wrong in 1 file for verl 0.4.0, vllm 0.8.4."
    assert (code, "".join(out.split())) == (0, "".join(expected.split()))  # a long path is folded


def test_one_of_two_scripts_without_a_launch(lint: Lint, script: Path, tmp_path: Path) -> None:
    script.write_text(f"{MAIN}\n")
    other = tmp_path / "other.sh"
    other.write_text("echo hello\n")
    told = f"Nothing wrong in 2 files for verl 0.4.0, vllm 0.8.4; no launch of verl or vLLM was found in {other}."
    assert "".join(lint(script, other)[1].split()) == "".join(told.split())  # however long the path is, and folded


def test_other_files_are_written_where_one_cannot_be(
    lint: Lint, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [script, tmp_path / "b.sh", tmp_path / "c.sh"]
    for path in paths:
        path.write_text(TEXT)

    def write(path: Path, data: bytes) -> None:
        if path.name == "b.sh":
            raise WriteFailedError(f"{path} cannot be written: Read-only file system.")
        path.write_bytes(data)

    monkeypatch.setattr(run, "write", write)
    with pytest.raises(WriteFailedError) as caught:
        lint(*paths, fix=True)
    told = f"{paths[1]} cannot be written: Read-only file system. Written: {paths[0]}, {paths[2]}."
    assert (str(caught.value), caught.value.exit_code) == (told, 3)
    assert [path.read_text() == TEXT for path in paths] == [False, True, False]


def test_broken_yaml(lint: Lint, tmp_path: Path) -> None:
    own, foreign = tmp_path / "own.yaml", tmp_path / "foreign.yaml"
    own.write_text("actor_rollout_ref:\n  rollout: {n: 1\n")
    foreign.write_text("{{ template }}: [\n")
    for path in (own, foreign):
        with pytest.raises(UsageError, match=r"yaml cannot be read: line \d: no YAML") as caught:
            lint(path)
        assert caught.value.exit_code == 2
    code, out, _ = lint(tmp_path)
    assert code == 0
    assert "not read  " in out
    assert "own.yaml" in out
    assert "foreign.yaml" not in out
