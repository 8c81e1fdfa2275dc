"""The option that names a policy, and reading it."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from verl_doctor.preflight.policy import Policy

PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        readable=False,
        help="Judge by this policy: a verl-doctor.toml, or a pyproject.toml with [tool.verl-doctor].",
    ),
]


def policy_in(file: Path | None, *, search: bool) -> Policy | None:
    """Return the policy in a file; without one, the nearest from the working folder upwards where that is wanted.

    Raises UsageError where it cannot be read or understood.
    """
    if file is None and not search:
        return None
    from verl_doctor.preflight.policy_file import find

    return find(file, Path.cwd())


def policies(file: Path | None) -> tuple[Path, ...]:
    """Return the files of which `policy_in` may read one, where it searches."""
    if file is not None:
        return (file,)
    from verl_doctor.preflight.policy_file import places

    return tuple(places(Path.cwd()))


def today() -> date:
    """Return the day, in UTC, so that an exception ends at the same moment on every node."""
    return datetime.now(tz=timezone.utc).date()
