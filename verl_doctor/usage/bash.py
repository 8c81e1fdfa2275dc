"""The completion script for bash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from verl_doctor.usage.tree import Command, Parameter

_BEGINNING: Final = """\
# Completion of verl-doctor for bash, written by `verl-doctor completion bash`.

_verl_doctor() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command="" words="" index
    COMPREPLY=()
    if [[ $current == "=" ]]; then # bash takes --option=value for three words
        current=""
    elif [[ $previous == "=" ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((index = 1; index < COMP_CWORD; index++)); do
        if [[ ${COMP_WORDS[index]} != -* ]]; then
            command=${COMP_WORDS[index]}
            break
        fi
    done
    case "$command $previous" in
"""
_MIDDLE: Final = """\
    esac
    if [[ -z $words ]]; then
        case $command in
"""
_END: Final = """\
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

_verl_doctor_paths() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}

complete -F _verl_doctor verl-doctor
"""


def render(program: Command, commands: Sequence[Command]) -> str:
    """Return the script."""
    values = "".join(line for command in commands for line in _values(command))
    first = " ".join([*(command.name for command in commands), *_flags(program)])
    ends = "".join(line for command in commands for line in _command(command))
    return f"{_BEGINNING}{values}{_MIDDLE}        '') words='{first}' ;;\n{ends}{_END}"


def _values(command: Command) -> Iterator[str]:
    """Yield a case for each option that takes a value: what can stand after it."""
    for option in command.options:
        if option.metavar is not None:
            cases = " | ".join(f'"{command.name} {flag}"' for flag in option.flags)
            yield f"        {cases}) {_offer(option)} ;;\n"


def _offer(parameter: Parameter) -> str:
    if parameter.words:
        return f"words='{' '.join(parameter.words)}'"
    if parameter.place:
        return f'_verl_doctor_paths {_compgen(parameter)} "$current"; return'
    return "return"


def _compgen(parameter: Parameter) -> str:
    return "-d" if parameter.place == "folder" else "-f"


def _command(command: Command) -> Iterator[str]:
    """Yield the case of a command: its flags, or its operands where no flag was begun."""
    yield f"        {command.name})\n"
    yield f"            words='{' '.join(_flags(command))}'\n"
    for operand in command.operands:
        if operand.words:
            yield f"            [[ $current == -* ]] || words='{' '.join(operand.words)}'\n"
        elif operand.place:
            yield '            if [[ $current != -* ]]; then _verl_doctor_paths -f "$current"; return; fi\n'
    yield "            ;;\n"


def _flags(command: Command) -> list[str]:
    return [flag for option in command.options for flag in option.flags]
