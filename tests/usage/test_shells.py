"""What bash, zsh and fish offer with the scripts that are written for them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.usage.terminal import READY, Terminal
from verl_doctor.usage import bash, fish, tree, zsh

SCRIPTS = {
    "bash": bash.render(tree.program(), tree.commands()),
    "fish": fish.render(tree.program(), tree.commands()),
    "zsh": zsh.render(tree.program(), tree.commands()),
}
TYPED = [
    pytest.param("verl-doctor rec", ["recommend"], id="a command"),
    pytest.param("verl-doctor --ver", ["--version"], id="an option of the program"),
    pytest.param("verl-doctor check --with", ["--with-facts"], id="an option of a command"),
    pytest.param("verl-doctor recommend --format j", ["json"], id="a choice"),
    pytest.param("verl-doctor recommend -f j", ["json"], id="a choice after a short option"),
    pytest.param("verl-doctor check --allow driver-m", ["driver-missing"], id="a check"),
    pytest.param("verl-doctor explain v0-n", ["v0-n-gt1-leak"], id="a failure"),
    pytest.param("verl-doctor patch --apply cvd", ["cvd-uuid"], id="a patch"),
    pytest.param("verl-doctor smoke-test --probe weight", ["weight-sync"], id="a probe"),
    pytest.param("verl-doctor check --facts no", ["node 1.json"], id="a file with a space"),
    pytest.param("verl-doctor diagnose no", ["node 1.json"], id="an operand that is a file"),
    pytest.param("verl-doctor completion z", ["zsh"], id="an operand that is a choice"),
    pytest.param("verl-doctor recommend --verl ", [], id="a value that nobody knows"),
    pytest.param("verl-doctor nonsense --f", [], id="no command of ours"),
]
typed = pytest.mark.parametrize(("line", "offered"), TYPED)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.joinpath("node 1.json").touch()
    for shell, script in SCRIPTS.items():
        tmp_path.joinpath(f"script.{shell}").write_text(script)
    return tmp_path


def has(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed here")


def run(folder: Path, *argv: str) -> list[str]:
    finished = subprocess.run(argv, check=True, capture_output=True, text=True, cwd=folder)
    assert not finished.stderr
    return finished.stdout.splitlines()


def bash_offers(folder: Path, *words: str) -> list[str]:
    ask = (
        'source script.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _verl_doctor; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    return [line for line in run(folder, "bash", "--norc", "-c", ask, "bash", *words) if line]


@typed
def test_bash(folder: Path, line: str, offered: list[str]) -> None:
    assert bash_offers(folder, *line.split(" ")) == offered


def test_bash_takes_a_value_after_an_equals_sign(folder: Path) -> None:
    assert bash_offers(folder, "verl-doctor", "recommend", "--format", "=", "j") == ["json"]
    assert bash_offers(folder, "verl-doctor", "recommend", "--format", "=") == ["text", "json"]


def test_bash_in_a_terminal(folder: Path) -> None:
    shell = Terminal(["bash", "--norc", "--noprofile", "-i"], folder)
    try:
        shell.type("source script.bash; echo loa''ded\n", f"loaded\n{READY}")
        assert "recommend --verl" in shell.type("verl-doctor reco\t--ver\t", "recommend --verl")
    finally:
        shell.close()


@has("fish")
@typed
def test_fish(folder: Path, line: str, offered: list[str]) -> None:
    ask = 'source script.fish; complete -C "$argv[1]"'
    told = [each.partition("\t")[0] for each in run(folder, "fish", "--no-config", "-c", ask, line)]
    assert told == offered


@has("zsh")
def test_zsh_in_a_terminal(folder: Path) -> None:
    shell = Terminal(["zsh", "-f", "-i"], folder)
    try:
        shell.type("unsetopt zle_bracketed_paste; autoload -U compinit && compinit -u -D; echo ini''ted\n", "inited")
        shell.type("source ./script.zsh; zstyle ':completion:*' verbose no; echo loa''ded\n", "loaded")
        for case in TYPED:
            line, offered = case.values
            if offered:
                shown = str(line)[: str(line).rindex(" ") + 1] + offered[0].replace(" ", "\\ ")
                assert shown in shell.type(f"{line}\t", shown)
                shell.type("\x15", "")
    finally:
        shell.close()


@has("zsh")
def test_zsh_loads_the_script_from_fpath(folder: Path) -> None:
    folder.joinpath("functions").mkdir()
    folder.joinpath("functions/_verl-doctor").write_text(SCRIPTS["zsh"])
    load = "fpath=(functions $fpath); autoload -U compinit; compinit -u -D; print $_comps[verl-doctor]"
    assert run(folder, "zsh", "-f", "-c", load) == ["_verl-doctor"]
