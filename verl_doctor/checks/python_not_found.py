"""The environment has no interpreter that could run.

A virtual environment only links to the Python it was made from. When that Python is removed or upgraded in
place, or the environment is copied to another machine, the link leads nowhere and every command in it fails
with "No such file or directory" or "bad interpreter".

See it: `ls -l <environment>/bin/python`. Cure it: make the environment again.
"""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Final

from verl_doctor.model import Finding, Layer, Remedy, Severity
from verl_doctor.target import Target

ID: Final = "VD001"
NAME: Final = "python-not-found"
SEVERITY: Final = Severity.ERROR
LAYER: Final = Layer.INTERPRETER


def ask(target: Target) -> Iterator[Finding]:
    """Yield a finding where the environment should have an interpreter and has none."""
    if target.python is None and target.kind != "folder":
        version = target.version or "3"
        yield Finding(
            message=f"{target.prefix} has no Python that can run: bin/python is missing or leads nowhere.",
            remedy=Remedy(
                text="Make the environment again with an interpreter that is there.",
                commands=(f"uv venv --clear --python {'.'.join(version.split('.')[:2])} {quote(target.prefix)}",),
            ),
            evidence=(f"{target.prefix}/bin/python cannot be followed to a file",),
        )
