"""`verl-doctor demo`: the whole job on a sandbox, on any laptop."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer


def command(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the sandbox for a look around; its path is printed.")
    ] = False,
) -> int:
    """Show the whole job on a real vLLM 0.7.2.

    It is diagnosed, patched, verified and reverted in a sandbox; no GPU and no torch are needed.

    The released files (2 MB of the wheel) are fetched from the package index once and kept in a cache; after that no
    network is needed. The extra `demo` must be installed.
    """
    from rich.console import Console

    from verl_doctor.demo.run import Apart, Finished, run
    from verl_doctor.report.demo_report import render

    console = Console(highlight=False)
    is_proven = False
    with closing(run(Apart(), keep=keep)) as steps:
        for number, step in enumerate(steps, start=1):
            render(number, step, console, is_kept=keep)
            is_proven = isinstance(step, Finished) and step.is_proven
    return 0 if is_proven else 1
