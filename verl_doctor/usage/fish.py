"""The completion script for fish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from verl_doctor.usage.tree import Command, Parameter

_LINE: Final = "complete -c verl-doctor"


def render(program: Command, commands: Sequence[Command]) -> str:
    """Return the script."""
    return "".join(f"{line}\n" for line in _lines(program, commands))


def _lines(program: Command, commands: Sequence[Command]) -> Iterator[str]:
    yield "# Completion of verl-doctor for fish, written by `verl-doctor completion fish`."
    yield f"{_LINE} -f"
    for option in program.options:
        yield f"{_LINE} -n __fish_use_subcommand{_option(option)}"
    for command in commands:
        yield f"{_LINE} -n __fish_use_subcommand -a {command.name} -d {_quoted(command.summary)}"
        given = f"{_LINE} -n '__fish_seen_subcommand_from {command.name}'"
        for option in command.options:
            yield f"{given}{_option(option)}"
        for operand in command.operands:
            if operand.words or operand.place:
                yield f"{given}{_value(operand)}"


def _option(option: Parameter) -> str:
    flags = "".join(f" -{'l' if flag.startswith('--') else 's'} {flag.lstrip('-')}" for flag in option.flags)
    takes = "" if option.metavar is None else " -r" if option.place else " -x"
    return f"{flags}{takes}{_value(option)} -d {_quoted(option.help)}"


def _value(parameter: Parameter) -> str:
    if parameter.words:
        return f" -a {_quoted(' '.join(parameter.words))}"
    return {"file": " -F", "folder": " -a '(__fish_complete_directories)'", None: ""}[parameter.place]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
