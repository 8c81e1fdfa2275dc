"""`verl-doctor facts`: the scan itself, as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import typer

from verl_doctor.cli.deep import Deadline, Deep, deep_options, with_imports
from verl_doctor.cli.everywhere import NodeDeadline, Ray, require_no_deadline, sweep, the_cluster
from verl_doctor.cli.options import Format, Prefix, Python, the_host, the_target

if TYPE_CHECKING:
    from verl_doctor.host import Host
    from verl_doctor.target import Target

OUTPUT: Final = Format.JSON
"""There is no other, so there is no option."""


def command(
    python: Python = None,
    prefix: Prefix = None,
    deep: Deep = False,
    deadline: Deadline = None,
    ray: Ray = None,
    node_deadline: NodeDeadline = None,
) -> int:
    """Print what is the case here, as JSON.

    `check --facts FILE` judges it on any machine, and `compare` says what differs between several.

    Without --deep nothing is imported from the examined environment and nothing is written. Secrets in environment
    variables are not shown.
    """
    from verl_doctor.facts.codec import document
    from verl_doctor.facts.collect import collect

    host = the_host()
    target = the_target(host, python, prefix)
    if ray is not None:
        return _everywhere(host, target, ray, deep_options(deep, deadline), node_deadline)
    require_no_deadline(node_deadline)
    facts = with_imports(collect(host, target), host, deep, deadline)
    typer.echo(json.dumps(document(facts), indent=2, sort_keys=False))
    return 0


def _everywhere(host: Host, target: Target, address: str, options: tuple[str, ...], deadline: float | None) -> int:
    from verl_doctor.report.cluster_json import render

    found = sweep(the_cluster(host, target, address), ("facts", "--python", "{python}", *options), deadline)
    exit_code = found.exit_code(())
    typer.echo(render(found, "facts", exit_code, comparison=found.compared()))
    return exit_code
