"""The options that several commands share."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from verl_doctor.errors import UsageError
from verl_doctor.host import Host, LocalHost
from verl_doctor.target import Target, find

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


class Format(str, Enum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"


OutputFormat = Annotated[
    Format,
    typer.Option("--format", "-f", help="How to write the report: text to read, or JSON (a contract)."),
]


def the_target(host: Host, python: Path | None, prefix: Path | None) -> Target:
    """Return the environment that the options name. Raises UsageError for both at once."""
    if python and prefix:
        raise UsageError("--python and --prefix name two environments; give one of them.")
    target = find(host, python=python, prefix=prefix, own=Path(sys.prefix))
    if not (python or prefix) and target.prefix == sys.prefix and "VIRTUAL_ENV" not in host.environ:
        sys.stderr.write(
            f"No environment is active, so {sys.prefix} is examined, in which verl-doctor itself is installed; "
            "--python or --prefix names another.\n"
        )
    return target


def the_host() -> Host:
    """Return this machine."""
    return LocalHost()
