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
TYPED: list[tuple[str, list[str], str]] = [
    ("verl-doctor rec", ["recommend"], "a command"),
    ("verl-doctor --ver", ["--version"], "an option of the program"),
    ("verl-doctor check --with", ["--with-facts"], "an option of a command"),
    ("verl-doctor recommend --format j", ["json"], "a choice"),
    ("verl-doctor recommend -f j", ["json"], "a choice after a short option"),
    ("verl-doctor check --allow driver-m", ["driver-missing"], "a check"),
    ("verl-doctor explain v0-n", ["v0-n-gt1-leak"], "a failure"),
    ("verl-doctor patch --apply cvd", ["cvd-uuid"], "a patch"),
    ("verl-doctor smoke-test --probe weight", ["weight-sync"], "a probe"),
    ("verl-doctor check --facts no", ["node 1.json"], "a file with a space"),
    ("verl-doctor diagnose no", ["node 1.json"], "an operand that is a file"),
    ("verl-doctor completion z", ["zsh"], "an operand that is a choice"),
    ("verl-doctor recommend --verl ", [], "a value that nobody knows"),
    ("verl-doctor nonsense --f", [], "no command of ours"),
]
typed = pytest.mark.parametrize(
    ("line", "offered"), [pytest.param(line, offered, id=what) for line, offered, what in TYPED]
)


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
        for line, offered, _ in TYPED:
            if offered:
                shown = line[: line.rindex(" ") + 1] + offered[0].replace(" ", "\\ ")
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
