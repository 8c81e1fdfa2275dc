"""The completion script for zsh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from verl_doctor.usage.tree import Command, Parameter

_BEGINNING: Final = """\
#compdef verl-doctor
# Completion of verl-doctor for zsh, written by `verl-doctor completion zsh`.

_verl_doctor() {
    local context state line
    local -A opt_args
    local -a commands=(
"""
_MIDDLE: Final = """\
    case $state in
    command) _describe -t commands command commands ;;
    argument)
        case $line[1] in
"""
_END: Final = """\
        esac
        ;;
    esac
}

if [[ $funcstack[1] == _verl-doctor ]]; then
    _verl_doctor "$@"
else
    compdef _verl_doctor verl-doctor
fi
"""


def render(program: Command, commands: Sequence[Command]) -> str:
    """Return the script, which can be sourced, or be the file `_verl-doctor` in a folder of `fpath`."""
    known = "".join(f"        {_quoted(f'{command.name}:{command.summary}')}\n" for command in commands)
    own = "".join(f" {_quoted(spec)}" for option in program.options for spec in _option(option))
    dispatch = f"    )\n    _arguments -C{own} '1:command:->command' '*::argument:->argument'\n"
    cases = "".join(_command(command) for command in commands)
    return _BEGINNING + known + dispatch + _MIDDLE + cases + _END


def _command(command: Command) -> str:
    options = [spec for option in command.options for spec in _option(option)]
    specs = [*options, *(_operand(operand) for operand in command.operands)]
    lines = "".join(f" \\\n                {_quoted(spec)}" for spec in specs)
    return f"        {command.name})\n            _arguments -s -S{lines}\n            ;;\n"


def _option(option: Parameter) -> Iterator[str]:
    """Yield a specification for each flag; one that is given excludes the others, unless it may be repeated."""
    others = "*" if option.repeats else f"({' '.join(option.flags)})"
    for flag in option.flags:
        yield f"{others}{flag}[{_explained(option.help)}]{_value(option)}"


def _value(option: Parameter) -> str:
    return "" if option.metavar is None else f":{_message(option)}:{_action(option)}"


def _operand(operand: Parameter) -> str:
    return f"{'*' if operand.repeats else '1'}:{_message(operand)}:{_action(operand)}"


def _message(parameter: Parameter) -> str:
    return "value" if parameter.words else (parameter.metavar or "").replace(":", r"\:")


def _action(parameter: Parameter) -> str:
    if parameter.words:
        return f"({' '.join(parameter.words)})"
    return {"file": "_files", "folder": "_files -/", None: ""}[parameter.place]


def _explained(text: str) -> str:
    return text.replace("\\", r"\\").replace("[", r"\[").replace("]", r"\]")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
