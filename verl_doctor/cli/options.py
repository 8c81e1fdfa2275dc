"""The options that several commands share."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.errors import UsageError
from verl_doctor.host import Host, LocalHost
from verl_doctor.target import Target, find

if TYPE_CHECKING:
    from verl_doctor.facts.snapshot import Facts

Python = Annotated[
    Path | None,
    typer.Option("--python", metavar="PATH", readable=False, help="Examine the environment of this interpreter."),
]
Prefix = Annotated[
    Path | None,
    typer.Option(
        "--prefix",
        metavar="DIR",
        readable=False,  # one that is not is no wrong usage, and told by `find`
        help="Examine this virtual or conda environment, folder of packages, or root of an unpacked image.",
    ),
]
FactsFile = Annotated[
    Path | None,
    typer.Option(
        "--facts", metavar="FILE", readable=False, help="Judge the facts in this file (- for standard input) instead."
    ),
]


class Format(str, Enum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"


OutputFormat = Annotated[
    Format,
    typer.Option("--format", "-f", help="How to write the report: text to read, or JSON (a contract)."),
]


_LONGEST = 10**9


def seconds(value: float | None) -> float | None:
    """Return a time that an option gives. Raises typer.BadParameter for one that is no number, or without end."""
    if value is not None and not value <= _LONGEST:
        raise typer.BadParameter(f"{value:g} is not a number of seconds up to {_LONGEST}.")
    return value


def the_target(host: Host, python: Path | None, prefix: Path | None) -> Target:
    """Return the environment that the options name. Raises UsageError for both at once."""
    if python and prefix:
        raise UsageError("--python and --prefix name two environments; give one of them.")
    target = find(host, python=python, prefix=prefix, own=Path(sys.prefix))
    if not (python or prefix) and target.prefix == sys.prefix and "VIRTUAL_ENV" not in host.environ:
        from verl_doctor.report.hang import hang, width_of

        told = (
            f"No environment is active, so {sys.prefix} is examined, in which verl-doctor itself is installed; "
            "--python or --prefix names another."
        )
        sys.stderr.write(f"{hang(told, 0, width_of(sys.stderr))}\n")
    return target


def facts_in(file: Path) -> Facts:
    """Return the facts in a file, - for standard input. Raises UsageError where it cannot be read."""
    from verl_doctor.facts.codec import parse

    try:
        text = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.") from error
    return parse(text, "standard input" if str(file) == "-" else str(file))


def the_host() -> Host:
    """Return this machine."""
    return LocalHost()
