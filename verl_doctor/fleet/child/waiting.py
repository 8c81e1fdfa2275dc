"""Waits for Ray's answers, each until its time is up, and says why one did not come."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = {
    "NodeDiedError": "the node died during the run",
    "LocalRayletDiedError": "Ray on the node died during the run",
    "TaskUnschedulableError": "the node is gone, or takes no tasks any more",
    "WorkerCrashedError": "Ray's worker on the node was killed during the run",
    "OutOfMemoryError": "the node ran out of memory, and Ray killed its worker",
}
"""Ray's errors by their class; its own words for them are a paragraph."""
_MOMENT = 0.5
_GETTING = 10.0


def answers(
    waiting: Mapping[Any, str], nodes: Mapping[str, str], until: float, after_failure: float | None = None
) -> Iterator[tuple[str, Any, str | None]]:
    """Yield the name of each, with its answer, or None and the reason why there is none.

    `waiting` names what is waited for, `nodes` has the node's id for each name; `until` is of the monotonic clock.
    Where one that fails leaves the others waiting for it, they have `after_failure` seconds more.
    """
    import ray

    left = dict(waiting)
    while left:
        ready, _ = ray.wait(list(left), num_returns=1, timeout=max(0.0, min(_MOMENT, until - time.monotonic())))
        for reference in ready:
            name = left.pop(reference)
            try:
                yield name, ray.get(reference, timeout=_GETTING), None
            except Exception as error:  # noqa: BLE001 # of whatever kind: the node did not do it, and the others go on
                if after_failure is not None:
                    until = min(until, time.monotonic() + after_failure)
                yield name, None, why(error, nodes[name])
        if time.monotonic() > until:
            for reference, name in left.items():
                ray.cancel(reference, force=True)
                yield name, None, death(nodes[name])
            return


def why(error: Exception, node: str) -> str:
    """Say why a task failed: its node's death before all else."""
    kind = type(error).__name__
    if said := death(node) or _PLAIN.get(kind):
        return said
    cause = getattr(error, "cause", None)
    lines = [line.strip() for line in str(cause or error).splitlines() if line.strip()]
    return f"{type(cause).__name__ if cause else kind}: {lines[0] if lines else 'no message'}"


def death(node: str) -> str | None:
    """Say how a node died; None for one that lives."""
    import ray

    found = next((each for each in ray.nodes() if each["NodeID"] == node), None)
    if found is None or found["Alive"]:
        return None
    said = str(found.get("DeathReasonMessage") or "").strip().partition("\n")[0]
    return "the node died" + (f" ({said})" if said else "")
