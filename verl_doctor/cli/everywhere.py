"""The options of the commands that can also run on every node of a Ray cluster, and how they do it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verl_doctor.cli import progress
from verl_doctor.cli.options import seconds
from verl_doctor.errors import TargetError, UsageError

if TYPE_CHECKING:
    from verl_doctor.fleet.cluster import Cluster, Ranked
    from verl_doctor.fleet.sweep import Sweep
    from verl_doctor.host import Host
    from verl_doctor.target import Target

Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|ADDRESS",
        help="Do it on every node of this Ray cluster, in the environment of its workers. The environment that "
        "--python or --prefix names, or the active one, has the Ray to join it with.",
    ),
]
NodeDeadline = Annotated[
    float | None,
    typer.Option(
        "--node-deadline",
        metavar="SECONDS",
        min=1,
        callback=seconds,
        help="With --ray: the time for each node, instead of 120 seconds (with a smoke test 1800).",
    ),
]
DEADLINE = 120.0
"""Seconds for a node that reads files and asks the driver."""
SMOKE_TEST = 1800.0
"""Seconds for a node's own smoke test, where a new release compiles kernels."""
ALL_REDUCE = 240.0
"""Seconds for the all-reduce over the cluster; half of it for the ranks to find each other."""


def require_no_deadline(deadline: float | None) -> None:
    """Raise UsageError for a deadline that is for nothing."""
    if deadline is not None:
        raise UsageError("--node-deadline is for --ray.")


def the_cluster(host: Host, target: Target, address: str) -> Cluster:
    """Return the cluster at an address. Raises TargetError where the environment has no Python to join it with."""
    from verl_doctor.fleet.cluster import Cluster

    if target.python is None or target.root != "/":
        raise TargetError(f"{target.prefix} has no Python that can be run here, so the cluster cannot be joined.")
    return Cluster(address=address, python=Path(target.python), environ=dict(host.environ))


def of_nodes(allow: Sequence[str]) -> tuple[str, ...]:
    """Return which of these names and ids are of the nodes' own checks; the rest are of what may differ between nodes.

    Raises UsageError for one of neither.
    """
    from verl_doctor.examine import known_names
    from verl_doctor.fleet.trait import known

    differences = {key for trait in known() for key in (trait.name, trait.id)}
    own = tuple(name for name in allow if name not in differences)
    known_names(own)
    return own


def sweep(
    cluster: Cluster,
    command: Sequence[str],
    deadline: float | None,
    *,
    gpus: bool = False,
    without_gpus: Sequence[str] | None = None,
    compiled: bool = False,
) -> Sweep:
    """Run a command on all nodes, showing how far that is, and return their reports.

    With `gpus` all GPUs of a node are reserved for it; a node without any runs `without_gpus`, or is left out.

    Raises TargetError where the cluster cannot be joined.
    """
    from verl_doctor.fleet.cluster import Joined
    from verl_doctor.fleet.sweep import Sweep, report
    from verl_doctor.report.plain_text import one_line

    joined, reports = None, {}
    progress.show(f"joining the Ray cluster at {cluster.address}")
    for happened in cluster.everywhere(
        command, deadline or DEADLINE, gpus=gpus, without_gpus=without_gpus, compiled=compiled
    ):
        if isinstance(happened, Joined):
            joined = happened
        else:
            found = reports[happened.node.id] = report(happened)
            if found.reason:
                progress.show("")
                sys.stderr.write(one_line(f"{found.node.name}: {found.reason}") + "\n")
        if joined:
            progress.show(f"{len(reports)} of {len(joined.nodes)} nodes have answered")
    progress.show("")
    if joined is None:
        raise TargetError(f"The Ray cluster at {cluster.address} told nothing of its nodes.")
    ordered = tuple(reports[node.id] for node in joined.nodes if node.id in reports)
    return Sweep(address=cluster.address, joined=joined, reports=ordered)


def all_reduced(cluster: Cluster, device: str, deadline: float) -> tuple[tuple[Ranked, ...], str | None, bool]:
    """Return the ranks of an all-reduce over the cluster, why there are none or not all, and whether it was skipped."""
    from verl_doctor.fleet.cluster import NotReduced, Ranked

    ranks, reason, skipped = [], None, False
    progress.show("all-reduce over the cluster")
    for happened in cluster.all_reduce(device, deadline):
        match happened:
            case Ranked():
                ranks.append(happened)
            case NotReduced(why, is_skipped):
                reason, skipped = why, is_skipped
            case _:
                pass
    progress.show("")
    return tuple(sorted(ranks, key=lambda rank: rank.rank)), reason, skipped
