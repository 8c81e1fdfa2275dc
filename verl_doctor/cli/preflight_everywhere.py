"""A preflight on every node of a Ray cluster, then of all nodes together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from verl_doctor.cli.everywhere import ALL_REDUCE, DEADLINE, SMOKE_TEST, all_reduced, of_nodes, sweep, the_cluster
from verl_doctor.cli.reports import Delivery, deliver
from verl_doctor.errors import UsageError
from verl_doctor.preflight.policy_sent import pack
from verl_doctor.smoke.sessions import Device

if TYPE_CHECKING:
    from verl_doctor.fleet.cluster import Cluster
    from verl_doctor.host import Host
    from verl_doctor.preflight.cluster import ClusterPreflight
    from verl_doctor.preflight.run import Wish
    from verl_doctor.target import Target

MARGIN: Final = 30.0
"""Seconds that a node has at least beside its smoke test: as long as a check waits for what is slowest to be read."""
_NODES: Final = 2
"""The fewest that add numbers together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How much is told, in which formats."""

    delivery: Delivery
    with_facts: bool
    is_quiet: bool
    is_verbose: bool


def preflight(
    host: Host, target: Target, address: str, wish: Wish, node_deadline: float | None, telling: Telling
) -> int:
    """Carry out the steps on every node, and report all as one.

    Raises UsageError for what cannot be before anything starts, TargetError where the cluster cannot be joined.
    """
    from verl_doctor.matrix.load import load
    from verl_doctor.preflight.cluster import ClusterPreflight
    from verl_doctor.report.of_cluster_preflight import OfClusterPreflight

    seconds, timed = times(wish, node_deadline)
    checks = of_nodes(wish.allow)
    cluster = the_cluster(host, target, address)
    found = sweep(
        cluster,
        command(replace(timed, allow=checks)),
        seconds,
        gpus=wish.level is not None and wish.device is Device.CUDA,
        without_gpus=command(replace(timed, allow=checks, level=None)),
        compiled=wish.apply,
    )
    whole = ClusterPreflight(sweep=found, wish=wish, checks=checks, matrix=load())
    whole = _with_all_reduce(whole, cluster)
    told = OfClusterPreflight(
        preflight=whole, is_quiet=telling.is_quiet, is_verbose=telling.is_verbose, with_facts=telling.with_facts
    )
    return deliver(told, telling.delivery, whole.exit_code)


def times(wish: Wish, node_deadline: float | None) -> tuple[float, Wish]:
    """Return the seconds that a node has, and the wish with a deadline that lets it report within them.

    Raises UsageError where a smoke test leaves its node no time to check and to report.
    """
    if wish.level is None:
        return node_deadline or DEADLINE, wish
    if wish.deadline is None:
        seconds = node_deadline or SMOKE_TEST
        if seconds < 2 * MARGIN:
            raise UsageError(
                f"A node has {seconds:g} seconds (--node-deadline), too few for a check, a smoke test and a report: it "
                f"would be ended before it reports. Give it {2 * MARGIN:g} or more, or leave out the smoke test "
                "(--level none)."
            )
        return seconds, replace(wish, deadline=max(seconds - DEADLINE, seconds / 2))
    if node_deadline is not None and node_deadline < wish.deadline + MARGIN:
        raise UsageError(
            f"A node has {node_deadline:g} seconds (--node-deadline) and its smoke test {wish.deadline:g} (--deadline, "
            "or the policy's): it would be ended before it reports. With its check and report it needs "
            f"{wish.deadline + MARGIN:g} or more; give it those, or the smoke test less."
        )
    return node_deadline or wish.deadline + DEADLINE, wish


def command(wish: Wish) -> Sequence[str]:
    """Return the command line that carries out a wish on a node; nothing is left for the node to decide."""
    words = ["preflight", "--format", "json", "--with-facts", "--python", "{python}"]
    words += ["--judged-by", pack(wish.policy), "--level", wish.level.value if wish.level else "none"]
    words += ["--device", wish.device.value, "--fail-on", wish.fail_on.value]
    words += ["--deadline", f"{max(wish.deadline, 1):f}"] if wish.deadline else []
    words += ["--model", str(wish.model)] if wish.model and wish.level else []
    words += [switch for switch, is_on in (("--apply-patches", wish.apply), ("--keep-going", wish.keep_going)) if is_on]
    return (*words, *(word for name in wish.allow for word in ("--allow", name)))


def _with_all_reduce(found: ClusterPreflight, cluster: Cluster) -> ClusterPreflight:
    """Have all GPUs of the cluster add numbers together, where each node's own are seen to work."""
    from verl_doctor.fleet.names import fold
    from verl_doctor.preflight.cluster import Reduced

    if not found.tried_on or len(found.tried_on) + len(found.sweep.missing) < _NODES:
        return found
    if unproved := tuple(found.unproved):
        why = f"no rollout was seen to work on {fold(unproved)}"
        return replace(found, reduced=Reduced(reason=why, skipped=True))
    ranks, reason, skipped = all_reduced(cluster, found.wish.device.value, ALL_REDUCE)
    return replace(found, reduced=Reduced(ranks=ranks, reason=reason, skipped=skipped))
