"""All ranks of the cluster add numbers together: one rank a GPU through NCCL, or one a node through gloo."""

from __future__ import annotations

import time
from typing import Any

from .events import Events
from .waiting import answers

_PORT = 60.0
"""Seconds for the first node to find a free port; starting a worker takes most of it."""

_FOR_OTHERS = 10.0
"""Seconds that the other ranks get to fail or finish by themselves once one has failed."""


def run(task: dict[str, Any], nodes: list[dict[str, Any]], events: Events) -> None:
    """Start a rank for each place, and tell of each as it ends: rank-NUMBER, the node, and what it measured."""
    import ray

    is_gpu = task["device"] == "cuda"
    counts = [int(node["Resources"].get("GPU", 0)) if is_gpu else 1 for node in nodes]
    places = [node for node, count in zip(nodes, counts, strict=True) for _ in range(count)]
    if len({node["NodeID"] for node in places}) < 2:  # noqa: PLR2004 # a cluster has two nodes at least
        events.tell("all-reduce", skipped=f"it needs {'GPUs on ' if is_gpu else ''}two nodes at least")
        return
    for function in (_free_port, _rank):
        function.__module__ = "__main__"
    first = ray.remote(num_cpus=0, max_retries=0)(_free_port).options(scheduling_strategy=_pinned(places[0]))
    meeting = f"tcp://{places[0]['NodeManagerAddress']}:{ray.get(first.remote(), timeout=_PORT)}"
    remote = ray.remote(num_cpus=0, max_retries=0, **({"num_gpus": 1} if is_gpu else {}))(_rank)
    waiting, where = {}, {}
    for rank, node in enumerate(places):
        options = remote.options(scheduling_strategy=_pinned(node))
        waiting[options.remote(rank, len(places), meeting, is_gpu, task["deadline"] / 2)] = f"rank-{rank}"
        where[f"rank-{rank}"] = node["NodeID"]
    until = time.monotonic() + task["deadline"]
    for name, answer, reason in answers(waiting, where, until, _FOR_OTHERS):
        if answer is None:
            late = "it waited for the other ranks until it was ended"
            events.tell(name, reason=reason or late, node=where[name])
        else:
            events.tell(name, node=where[name], **answer)


def _pinned(node: dict[str, Any]) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)


def _free_port() -> int:
    import contextlib
    import socket

    with contextlib.closing(socket.socket()) as listening:
        listening.bind(("", 0))
        return int(listening.getsockname()[1])


def _rank(rank: int, world: int, meeting: str, is_gpu: bool, patience: float) -> dict[str, Any]:
    """Add one tensor of each rank; the sum is known."""
    import time
    from datetime import timedelta

    import torch

    backend, device = ("nccl", "cuda:0") if is_gpu else ("gloo", "cpu")
    if is_gpu:
        torch.cuda.set_device(0)
    torch.distributed.init_process_group(
        backend, init_method=meeting, rank=rank, world_size=world, timeout=timedelta(seconds=patience)
    )
    count = 2**26 if is_gpu else 2**20
    tensor = torch.full((count,), float(rank + 1), device=device)
    torch.distributed.all_reduce(tensor)
    right = world * (world + 1) / 2
    if not bool((tensor == right).all()):
        raise ValueError(f"the sum over {world} ranks is wrong")
    times = 5
    if is_gpu:
        torch.cuda.synchronize()
    started = time.perf_counter()
    for _ in range(times):
        torch.distributed.all_reduce(tensor)
    if is_gpu:
        torch.cuda.synchronize()
    seconds = (time.perf_counter() - started) / times
    torch.distributed.destroy_process_group()
    return {"world": world, "backend": backend, "gib_per_second": round(count * 4 / 2**30 / seconds, 3)}
