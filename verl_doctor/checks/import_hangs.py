"""Importing a package that is installed does not come back (only with `check --deep`).

The process was asked where it was and killed when its deadline was over. An import that waits for ever (a driver that
does not answer, a lock that nobody frees, a network file system that is gone, a download without a network) hangs
every worker of a job, without a word in any log.

See it: run the command of the finding. Cure it: what the frame waits for. Where the file system is merely slow, give
more time with `--deadline`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from verl_doctor.checks.import_fails import command
from verl_doctor.facts.imports import Import
from verl_doctor.facts.packages import normalise
from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.target import Target

ID: Final = "VD041"
NAME: Final = "import-hangs"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INSTALLATION


def ask(target: Target, imports: Mapping[str, Import]) -> Iterator[Finding]:
    """Yield a finding for each module whose import had to be ended."""
    for name, seen in imports.items():
        if seen.outcome == "hangs":
            where = f"; it was at {seen.where}" if seen.where else ""
            yield Finding(
                message=f"Importing {name} hangs: {seen.error}{where}.",
                remedy=Remedy(
                    text="Find out what that place waits for: a driver that does not answer, a lock, a file system or "
                    "network that is gone. If it is merely slow, check again with a longer --deadline.",
                    commands=(command(target, name),),
                ),
                evidence=tuple(line for line in (seen.where, *seen.detail.splitlines()[-8:]) if line),
                about=frozenset({normalise(name.partition(".")[0])}),
            )
