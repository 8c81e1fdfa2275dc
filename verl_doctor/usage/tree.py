"""The commands with their options and operands, read from the command line's own declarations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

import typer

from verl_doctor.usage.values import Place, names, place


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An option, or an operand, which has no `flags`.

    `metavar` stands for its value; None for a switch. `words` are all the values that there are, where that is known;
    `place` says that a value is a file or a folder. `default` is what counts where the option is left out.
    """

    flags: tuple[str, ...]
    metavar: str | None
    help: str
    words: tuple[str, ...] = ()
    place: Place | None = None
    default: str | None = None
    repeats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: what it does in one line, and its help as paragraphs."""

    name: str
    summary: str
    text: str
    parameters: tuple[Parameter, ...]

    @property
    def options(self) -> tuple[Parameter, ...]:
        """The parameters that have flags."""
        return tuple(each for each in self.parameters if each.flags)

    @property
    def operands(self) -> tuple[Parameter, ...]:
        """The parameters that have none."""
        return tuple(each for each in self.parameters if not each.flags)


HELP: Final = Parameter(flags=("-h", "--help"), metavar=None, help="Show what there is, and leave.")
_SUMMARY_LENGTH: Final = 200
"""Longer than any summary, so that none is cut."""
_Kind = Literal["option", "argument"]


def program() -> Command:
    """Return the program itself, with the options that stand before a command."""
    group, _ = _group()
    return _command("verl-doctor", group)


def commands() -> tuple[Command, ...]:
    """Return the commands, by name."""
    group, context = _group()
    return tuple(_command(name, group.get_command(context, name)) for name in sorted(group.list_commands(context)))


def _group() -> tuple[Any, Any]:
    from verl_doctor.cli.app import app

    group: Any = typer.main.get_command(app)
    return group, group.make_context("verl-doctor", [], resilient_parsing=True)


def _command(name: str, declared: Any) -> Command:
    return Command(
        name=name,
        summary=declared.get_short_help_str(_SUMMARY_LENGTH).rstrip("."),
        text=(declared.help or "").strip(),
        parameters=(*_parameters(name, declared), HELP),
    )


def _parameters(command: str, declared: Any) -> Iterator[Parameter]:
    for each in declared.params:
        if getattr(each, "hidden", False):
            continue
        is_switch = bool(getattr(each, "is_flag", False))
        is_option = each.param_type_name == "option"
        words = tuple(map(str, getattr(each.type, "choices", ()))) or names(command, each.name)
        metavar = None if is_switch else each.metavar or ("|".join(words) if words else each.name.upper())
        yield Parameter(
            flags=tuple(each.opts) if is_option else (),
            metavar=metavar,
            help=each.help or "",
            words=words,
            place=place(metavar),
            default=_default(each) if is_option and not is_switch else None,
            repeats=bool(getattr(each, "multiple", False)) or each.nargs != 1,
        )


def _default(declared: Any) -> str | None:
    default = declared.default
    if default is None or callable(default):
        return None
    return str(default.value if isinstance(default, Enum) else default)
