"""`verl-doctor completion`: the script with which a shell completes the command line."""

from __future__ import annotations

import sys
from enum import Enum
from typing import Annotated

import typer


class Shell(str, Enum):
    """The shells that a script can be written for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def command(shell: Annotated[Shell, typer.Argument(help="The shell that the script is for.")]) -> int:
    """Print the script with which a shell completes commands.

    It knows every command, option and name of this verl-doctor, and starts nothing when a key is pressed; write it
    again after an upgrade.

    bash: verl-doctor completion bash > ~/.local/share/bash-completion/completions/verl-doctor

    zsh: verl-doctor completion zsh > DIR/_verl-doctor, where DIR is a folder of $fpath

    fish: verl-doctor completion fish > ~/.config/fish/completions/verl-doctor.fish
    """
    from verl_doctor.usage import bash, fish, tree, zsh

    render = {Shell.BASH: bash.render, Shell.ZSH: zsh.render, Shell.FISH: fish.render}[shell]
    sys.stdout.write(render(tree.program(), tree.commands()))
    return 0
