"""A policy is found near the work, and what it does not understand is refused with the line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from verl_doctor.errors import UsageError
from verl_doctor.model import Ruling, Severity
from verl_doctor.preflight.policy_file import NAME, find, line_of

WHOLE = """\
fail-on = "warning"

[checks."driver-missing"]
severity = "ignore"
reason = "built without a GPU"
expires = 2027-03-31

[checks]
VD401.severity = "error"

[expect]
gpus = 8
gpu = "H200"
driver = ">=550"
versions = { verl = "==0.5.*", Python = ">=3.10", "flash_attn" = ">=2.7" }

[smoke-test]
level = "full"
device = "cpu"
deadline = 900
model = "models/mine"

[patches]
apply = true
required = ["vdp002", "vllm07-local-rank"]
"""


def written(folder: Path, text: str | bytes, name: str = NAME) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_every_term(tmp_path: Path) -> None:
    policy = find(written(tmp_path, WHOLE), Path("/"))
    assert policy is not None
    assert policy.fail_on is Severity.WARNING
    assert policy.rulings == {
        "driver-missing": Ruling(severity=None, reason="built without a GPU", expires=date(2027, 3, 31)),
        "ulimit-nofile": Ruling(severity=Severity.ERROR),
    }
    assert (policy.expect.gpus, policy.expect.gpu, policy.expect.driver) == (8, "H200", ">=550")
    assert dict(policy.expect.versions) == {"verl": "==0.5.*", "python": ">=3.10", "flash-attn": ">=2.7"}
    assert (policy.level, policy.device, policy.deadline) == ("full", "cpu", 900.0)
    assert policy.model == tmp_path / "models/mine"
    assert (policy.apply, policy.patches) == (True, ("vllm07-local-rank",))


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    policy = find(written(tmp_path, ""), Path("/"))
    assert policy is not None
    assert (policy.fail_on, policy.rulings, policy.level, policy.apply) == (None, {}, None, False)


def test_a_day_as_a_text_and_a_mark_of_the_byte_order(tmp_path: Path) -> None:
    text = '\ufeff[checks.driver-missing]\nseverity = "ignore"\nreason = "r"\nexpires = "2027-03-31"\n'
    policy = find(written(tmp_path, text), Path("/"))
    assert policy is not None
    assert policy.rulings["driver-missing"].expires == date(2027, 3, 31)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param('fial-on = "error"', 1, "'fial-on' is not known here; 'fail-on' is near it", id="unknown key"),
        pytest.param('\n\nfail-on = "fatal"', 3, "must be one of error, warning, info, not 'fatal'", id="no severity"),
        pytest.param("fail-on = 1", 1, "'fail-on' must be a text, not 1", id="not a text"),
        pytest.param("checks = 1", 1, "'checks' must be a table", id="no table"),
        pytest.param(
            "[checks.x]\nseverity = 'info'",
            1,
            "no check is called 'x'; `verl-doctor check --format json` lists",
            id="unknown check",
        ),
        pytest.param("[checks.rollout]\nseverity = 'info'", 1, "no check is called 'rollout'; ", id="a probe"),
        pytest.param(
            "[checks.driver-mising]\nseverity = 'info'", 1, "'driver-missing' is near it", id="misspelt check"
        ),
        pytest.param("[checks.driver-missing]\nreason = 'r'", 1, "'severity' is missing", id="no ruling"),
        pytest.param("[checks.driver-missing]\nseverity = 'ignore'", 2, "needs a 'reason'", id="ignored for nothing"),
        pytest.param(
            "[checks.driver-missing]\nseverity = 'info'\nreason = ' '", 2, "needs a 'reason'", id="demoted for nothing"
        ),
        pytest.param(
            "[checks.driver-missing]\nseverity = 'ignore'\nreason = 'r'\nexpires = 'soon'",
            4,
            "must be a day such as 2027-01-31, not 'soon'",
            id="no day",
        ),
        pytest.param(
            "[checks.driver-missing]\nseverity = 'ignore'\nreason = 'r'\nexpires = 2027-03-31T10:00:00",
            4,
            "must be a day",
            id="a moment",
        ),
        pytest.param(
            "[checks]\nVD200.severity = 'error'\ndriver-missing.severity = 'error'",
            3,
            "'VD200' and 'driver-missing' are the same check",
            id="twice",
        ),
        pytest.param("[expect]\ngpus = '8'", 2, "'gpus' must be a whole number, not '8'", id="gpus as text"),
        pytest.param("[expect]\ngpus = true", 2, "'gpus' must be a whole number, not True", id="gpus as truth"),
        pytest.param("[expect]\ngpus = -1", 2, "must not be negative", id="fewer than none"),
        pytest.param("[expect]\ngpu = ''", 2, "'gpu' is empty", id="no pattern"),
        pytest.param("[expect]\ndriver = '550-ish'", 2, "must be a version specifier", id="driver"),
        pytest.param("[expect.versions]\n# verl = 1\nverl = '0.5'", 3, "must be a version specifier", id="version"),
        pytest.param("[smoke-test]\nlevel = 'deep'", 2, "must be one of quick, full, none", id="level"),
        pytest.param("[smoke-test]\ndeadline = 0", 2, "must be a number of seconds above 0", id="deadline"),
        pytest.param("[smoke-test]\ndeadline = inf", 2, "must be a number of seconds above 0", id="for ever"),
        pytest.param("[smoke-test]\ndeadline = nan", 2, "must be a number of seconds above 0", id="no number"),
        pytest.param("[smoke-test]\ndeadline = 1e400", 2, "must be a number of seconds above 0", id="beyond numbers"),
        pytest.param(f"[smoke-test]\ndeadline = {10**400}", 2, "must be a number of seconds", id="beyond floats"),
        pytest.param(f"[smoke-test]\ndeadline = {'9' * 5000}", 2, "a number has too many digits", id="beyond Python"),
        pytest.param(f"[smoke-test]\ndeadline = 0x{'f' * 5000}", 2, "not a number of thousands of digits", id="hex"),
        pytest.param(f"fail-on = 0x{'f' * 5000}", 1, "not a number of thousands of digits", id="hex for a text"),
        pytest.param(f"[expect]\ngpus = {10**30}", 2, "must not be above 1024", id="more than there are"),
        pytest.param(f"[expect]\ngpus = 0x{'f' * 5000}", 2, "must not be above 1024", id="hex of GPUs"),
        pytest.param("[patches]\nrequired = 'VDP001'", 2, "must be a list of names", id="patches as text"),
        pytest.param("[patches]\nrequired = ['vllm07']", 2, "no patch is called 'vllm07'", id="unknown patch"),
    ],
)
def test_what_is_refused(text: str, line: int, said: str, tmp_path: Path) -> None:
    file = written(tmp_path, text)
    with pytest.raises(UsageError) as refused:
        find(file, Path("/"))
    assert str(refused.value).startswith(f"{file}:{line}: ")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"fail-on = ", "is no TOML", id="broken TOML"),
        pytest.param(b"a = 1\n\xff\xfe", "is not UTF-8 on line 2", id="binary"),
        pytest.param(b"#" * (2**20 + 1), "is larger than 1 MiB", id="huge"),
        pytest.param(b"a = " + b"[" * 5000, "", id="deep"),
    ],
)
def test_what_is_no_policy(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        find(written(tmp_path, content), Path("/"))
    assert said in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        find(tmp_path / "no.toml", tmp_path)
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        find(tmp_path, tmp_path)


def test_the_nearest_policy_is_found_up_to_the_root_of_the_repository(tmp_path: Path) -> None:
    inner = tmp_path / "repository/code/deep"
    inner.mkdir(parents=True)
    written(tmp_path, "", NAME)
    assert find(None, inner) is None
    (tmp_path / ".git").mkdir()
    assert (found := find(None, inner)) is not None
    assert found.origin == str(tmp_path / NAME)
    (tmp_path / "repository/.git").mkdir()
    assert find(None, inner) is None
    written(tmp_path / "repository", '[tool.verl-doctor]\nfail-on = "info"\n', "pyproject.toml")
    assert (found := find(None, inner)) is not None
    assert found.fail_on is Severity.INFO
    own = written(tmp_path / "repository", "", NAME)
    assert (found := find(None, inner)) is not None
    assert found.origin == str(own)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[project]\nname = "verl-doctor"\n[tool.ruff]\n', id="another tool's"),
        pytest.param('[tool\nbroken = "verl"', id="broken, and not ours"),
        pytest.param('[project]\n# "[tool.verl-doctor]"\n', id="no table"),
        pytest.param('x = """\n[tool.verl-doctor]\n"""', id="in a text"),
    ],
)
def test_a_project_without_a_policy(text: str, tmp_path: Path) -> None:
    written(tmp_path, text, "pyproject.toml")
    (tmp_path / ".git").mkdir()
    assert find(None, tmp_path) is None


def test_the_line_in_a_project_is_that_of_the_project(tmp_path: Path) -> None:
    file = written(tmp_path, "[project]\nname = 'x'\n\n[tool.verl-doctor.expect]\ngpus = 'x'\n", "pyproject.toml")
    with pytest.raises(UsageError, match=rf"^{file}:5: "):
        find(None, tmp_path)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param(("checks", "driver-missing", "expires"), 6, id="quoted table"),
        pytest.param(("checks", "VD401", "severity"), 9, id="dotted key"),
        pytest.param(("expect", "versions", "verl"), 15, id="inline table"),
        pytest.param(("patches", "nothing"), 23, id="the table, where the key is not there"),
        pytest.param(("nothing",), None, id="nowhere"),
    ],
)
def test_lines(path: tuple[str, ...], line: int | None) -> None:
    assert line_of(WHOLE, path) == line


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[tool.verl-doctor]\nfail-on = "info"', id="usual"),
        pytest.param('["tool"."verl-doctor"]\nfail-on = "info"', id="quoted"),
        pytest.param("'tool' . 'verl-doctor' . fail-on = \"info\"", id="dotted"),
        pytest.param('tool = { verl-doctor = { fail-on = "info" } }', id="inline"),
        pytest.param('tool."verl-doctor" = { fail-on = "info" }', id="inline of a dotted key"),
    ],
)
def test_a_table_in_any_spelling_is_in_force(text: str, tmp_path: Path) -> None:
    file = written(tmp_path, text, "pyproject.toml")
    for policy in (find(None, tmp_path), find(file, Path("/"))):
        assert policy is not None
        assert policy.fail_on is Severity.INFO


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('[tool]\nverl-doctor = "strict"', "'tool.verl-doctor' must be a table", id="a text"),
        pytest.param('[[tool.verl-doctor]]\nfail-on = "info"', "'tool.verl-doctor' must be a table", id="a list"),
        pytest.param("tool = 1 # verl-doctor", "'tool' must be a table", id="no tools"),
        pytest.param("[tool.verl-doctor\n", "is no TOML", id="broken"),
    ],
)
def test_what_is_meant_for_a_policy_and_is_none_is_refused(text: str, said: str, tmp_path: Path) -> None:
    file = written(tmp_path, text, "pyproject.toml")
    for named in (None, file):
        with pytest.raises(UsageError, match=said):
            find(named, tmp_path)


def test_a_named_project_without_a_policy_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "[tool.ruff]\n", "pyproject.toml")
    with pytest.raises(UsageError, match=r"has no table \[tool\.verl-doctor\]"):
        find(file, tmp_path)


def test_a_project_that_only_mentions_it_ends_no_search(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    written(tmp_path, "", NAME)
    inner = tmp_path / "package"
    written(
        inner,
        "# verl-doctor\n[project]\ndependencies = [\n'verl-doctor']\n[tool.x]\nverl-doctor = 1\n",
        "pyproject.toml",
    )
    assert (found := find(None, inner)) is not None
    assert found.origin == str(tmp_path / NAME)


def test_a_policy_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).symlink_to("gone")
    with pytest.raises(UsageError, match="cannot be read: it is no file, or a link to none"):
        find(None, tmp_path)
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).mkdir()
    with pytest.raises(UsageError, match="cannot be read: it is no file, or a link to none"):
        find(None, tmp_path)


def test_a_folder_of_everyone_is_not_entered(tmp_path: Path) -> None:
    inner = tmp_path / "everyones" / "mine"
    inner.mkdir(parents=True)
    (tmp_path / "everyones/.git").mkdir()
    written(tmp_path / "everyones", "")
    assert find(None, inner) is not None
    (tmp_path / "everyones").chmod(0o1777)
    assert find(None, inner) is None
    assert find(None, tmp_path / "everyones") is not None
