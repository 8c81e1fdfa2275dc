"""`verl-doctor facts`: the scan itself, as JSON."""

from __future__ import annotations

import json

import typer

from verl_doctor.cli.options import Prefix, Python, the_host, the_target


def command(python: Python = None, prefix: Prefix = None) -> None:
    """Print what is the case here, as JSON.

    `check --facts FILE` judges it on any machine.

    Nothing is imported from the examined environment, nothing is written, and secrets in environment variables
    are not shown.
    """
    from verl_doctor.facts.codec import document
    from verl_doctor.facts.collect import collect

    host = the_host()
    facts = collect(host, the_target(host, python, prefix))
    typer.echo(json.dumps(document(facts), indent=2, sort_keys=False))
