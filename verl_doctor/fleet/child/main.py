"""The child's way: join the cluster, do what the task says, tell of every node, and leave."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

from .events import Events


def main() -> None:
    """Join the cluster and do the task."""
    task = json.loads(sys.argv[1])
    events = Events(task["events"])
    try:
        nodes = _join(task, events)
        if task["job"] == "all-reduce":
            from .all_reduce import run
        else:
            from .every_node import run
        run(task, nodes, events)
        events.tell("all")
    except BaseException as error:  # noqa: BLE001 # whatever it was, the parent is told
        events.tell("all", reason=f"{type(error).__name__}: {error}".partition("\n")[0])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # leaving the cluster in an orderly way can take as long as a node that is dead


def _require_somebody(address: str) -> None:
    """Raise OSError where nobody listens at an address; Ray would try again for minutes."""
    if address != "auto":
        host, _, port = address.removeprefix("ray://").rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


def _join(task: dict[str, Any], events: Events) -> list[dict[str, Any]]:
    """Return the nodes that are alive."""
    import ray

    _require_somebody(task["address"])
    shipped = {"runtime_env": {"py_modules": [task["shipped"]]}} if task["shipped"] else {}
    ray.init(address=task["address"], namespace="verl-doctor", log_to_driver=False, logging_level="ERROR", **shipped)
    nodes = [node for node in ray.nodes() if node["Alive"]]
    events.tell(
        "cluster",
        ray=ray.__version__,
        python=list(sys.version_info[:3]),
        nodes=[
            {
                "id": node["NodeID"],
                "host": node["NodeManagerHostname"],
                "address": node["NodeManagerAddress"],
                "given": node.get("NodeName") or "",
                "gpus": float(node["Resources"].get("GPU", 0)),
            }
            for node in nodes
        ],
    )
    return nodes
