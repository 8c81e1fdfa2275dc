"""A value counts as known only where the script is certain to set it."""

from __future__ import annotations

import pytest

from tests.lint.reading import document, values

MAIN = "python3 -m verl.trainer.main_ppo"
N = "trainer.nnodes"


@pytest.mark.parametrize(
    ("script", "value"),
    [
        pytest.param(f"t() {{ local A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="local"),
        pytest.param(f"t() {{ declare -i A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="declare"),
        pytest.param(f"t() {{ typeset A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="typeset"),
        pytest.param(f"t() {{ local A; A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="local-set-later"),
        pytest.param(f"t() {{ if x; then local A=9; fi; }}\nA=1\nt\n{MAIN} {N}=$A", "1", id="local-in-a-branch"),
        pytest.param(f"t() {{ local A=9; }}\nt\n{MAIN} {N}=${{A:-3}}", "3", id="local-of-a-new-name"),
        pytest.param(f"u() {{ local A=8; }}\nt() {{ local A=9; u; {MAIN} {N}=$A; }}\nA=1\nt", "9", id="nested"),
        pytest.param(f"t() {{ A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "9", id="global"),
        pytest.param(f"t() {{ declare -g A=9; }}\nA=1\nt\n{MAIN} {N}=$A", "9", id="declare-g"),
        pytest.param(f"declare A=9\n{MAIN} {N}=$A", "9", id="declare-outside"),
    ],
)
def test_variables_of_a_function(script: str, value: str) -> None:
    assert values(script)[N] == value


@pytest.mark.parametrize(
    ("line", "value"),
    [
        pytest.param("grep -q A100 f && A=9", None, id="grep"),
        pytest.param("test -n x && A=9", None, id="test"),
        pytest.param("command -v nvidia-smi && A=9", None, id="command-v"),
        pytest.param("nvidia-smi | grep -q H100 && A=9", None, id="pipeline"),
        pytest.param("grep -q x f > /dev/null && A=9", None, id="redirected"),
        pytest.param("x=$(grep y f) && A=9", None, id="output"),
        pytest.param("{ grep x f; } && A=9", None, id="group"),
        pytest.param("! grep x f && A=9", None, id="negated"),
        pytest.param("grep x f || A=9", None, id="or"),
        pytest.param("grep x f && cd y && A=9", None, id="three"),
        pytest.param("false && A=9", "1", id="false"),
        pytest.param("true || A=9", "1", id="true-or"),
        pytest.param("false || A=9", "9", id="false-or"),
        pytest.param("! false && A=9", "9", id="not-false"),
        pytest.param("mkdir -p x && A=9", "9", id="mkdir"),
        pytest.param("B=2 && A=9", "9", id="assignment"),
        pytest.param("grep x f && exit 0", "1", id="exit"),
        pytest.param("grep x f || exit 1", "1", id="or-exit"),
        pytest.param("cd x || exit 1", "1", id="cd-or-exit"),
        pytest.param("cd x || { echo no; exit 1; }", "1", id="cd-or-group"),
    ],
)
def test_lists(line: str, value: str | None) -> None:
    assert values(f"A=1\n{line}\n{MAIN} {N}=$A")[N] == value


def test_what_a_chain_sets_is_known_in_it() -> None:
    found = document(f"A=1\npip install x && A=2 && {MAIN} {N}=$A\n{MAIN} {N}=$A\n").launches
    assert [launch.settings[-1].value for launch in found if launch.program != "pip install"] == ["2", None]


def test_launches_of_lists_are_found() -> None:
    found = document(f"grep x f && {MAIN} {N}=1\ncd y && {MAIN} {N}=2\npython z.py || {MAIN} {N}=3\n")
    assert [launch.settings[-1].value for launch in found.launches] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        pytest.param("source other.sh", None, id="source"),
        pytest.param(". $X", None, id="dot"),
        pytest.param("source ~/venv/bin/activate", "1", id="activate"),
        pytest.param('source "$(conda info --base)/etc/profile.d/conda.sh"', "1", id="conda-sh"),
        pytest.param('eval "$(conda shell.bash hook)"', "1", id="conda-hook"),
        pytest.param('eval "$(cat settings)"', None, id="eval-output"),
        pytest.param("eval $2", None, id="eval-argument"),
        pytest.param('eval "export $X=3"', None, id="eval-name"),
        pytest.param('eval "echo $X"', "1", id="eval-known-command"),
        pytest.param("source other.sh; A=2", "2", id="set-afterwards"),
    ],
)
def test_what_nobody_sees(line: str, value: str | None) -> None:
    assert values(f"A=1\n{line}\n{MAIN} {N}=$A")[N] == value


def test_exported_variables_after_source() -> None:
    found = values(f"export X=1\nsource other.sh\nexport Y=2\n{MAIN} {N}=1")
    assert found == {"X": None, "Y": "2", N: "1"}


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param("ssh host", {}, id="ssh"),
        pytest.param("X=2 ssh host", {}, id="ssh-prefix"),
        pytest.param("ssh host env Y=2", {"Y": "2"}, id="ssh-env"),
        pytest.param("sudo", {}, id="sudo"),
        pytest.param("sudo Y=2", {"Y": "2"}, id="sudo-sets"),
        pytest.param("sudo -E", {"X": "1"}, id="sudo-E"),
        pytest.param("sudo -nE", {"X": "1"}, id="sudo-nE"),
        pytest.param("sudo --preserve-env", {"X": "1"}, id="sudo-preserve"),
        pytest.param("kubectl exec pod --", {}, id="kubectl"),
        pytest.param("srun", {"X": "1"}, id="srun"),
    ],
)
def test_environment_elsewhere(start: str, expected: dict[str, str]) -> None:
    assert values(f"export X=1\n{start} {MAIN} {N}=1") == {**expected, N: "1"}


def test_a_word_that_the_grammar_splits_is_one() -> None:
    found = values(f"D=x\n{MAIN} {N}=$HOME/c-$D/e data.seed=1")
    assert found == {N: None, "data.seed": "1"}
