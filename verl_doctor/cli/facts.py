"""`verl-doctor facts`: the scan itself, as JSON."""

from __future__ import annotations

import json
from typing import Final

import typer

from verl_doctor.cli.deep import Deadline, Deep, with_imports
from verl_doctor.cli.options import Format, Prefix, Python, the_host, the_target

OUTPUT: Final = Format.JSON
"""There is no other, so there is no option."""


def command(python: Python = None, prefix: Prefix = None, deep: Deep = False, deadline: Deadline = None) -> None:
    """Print what is the case here, as JSON.

    `check --facts FILE` judges it on any machine.

    Without --deep nothing is imported from the examined environment and nothing is written. Secrets in environment
    variables are not shown.
    """
    from verl_doctor.facts.codec import document
    from verl_doctor.facts.collect import collect

    host = the_host()
    facts = with_imports(collect(host, the_target(host, python, prefix)), host, deep, deadline)
    typer.echo(json.dumps(document(facts), indent=2, sort_keys=False))
