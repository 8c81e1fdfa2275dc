"""Runs one command on every node, in a task that is pinned to it; what it prints goes to a file of the parent's."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from .events import Events
from .waiting import answers

STARTING = 15.0
"""Seconds that a node gets for starting a worker, beyond what the command may take there."""


def run(task: dict[str, Any], nodes: list[dict[str, Any]], events: Events) -> None:
    """Start the command on all nodes at once, and tell of each as it answers."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    _examine.__module__ = "__main__"  # so that it travels itself: nodes have no module of ours to find it in
    remote = ray.remote(num_cpus=0, max_retries=0)(_examine)
    waiting = {}
    for node in nodes:
        gpus = float(node["Resources"].get("GPU", 0)) if task["gpus"] else 0
        command = task["command"] if gpus or not task["gpus"] else task.get("without_gpus")
        if command is None:
            events.tell(node["NodeID"], skipped="Ray knows of no GPU on this node")
            continue
        pinned = NodeAffinitySchedulingStrategy(node_id=node["NodeID"], soft=False)
        options = remote.options(scheduling_strategy=pinned, **({"num_gpus": gpus} if gpus else {}))
        waiting[options.remote(command, task["deadline"], bool(gpus))] = node["NodeID"]
    same = {name: name for name in waiting.values()}
    patience = task["deadline"] + STARTING
    for number, (name, answer, reason) in enumerate(answers(waiting, same, time.monotonic() + patience)):
        if answer is None:
            events.tell(name, reason=reason or f"it did not answer within {patience:g} seconds")
            continue
        file = Path(task["work"], f"answer-{number}.json")
        file.write_text(json.dumps(answer), "utf-8")
        events.tell(name, file=str(file))


def _examine(command: list[str], deadline: float, sees_gpus: bool) -> dict[str, Any]:
    """Run the shipped doctor on this node's own environment, the one in which Ray runs its workers."""
    import contextlib
    import os
    import signal
    import subprocess
    import sys
    import time

    import verl_doctor_shipment  # type: ignore[import-not-found]  # it is there where this runs

    environ = dict(os.environ)
    try:
        parent = f"/proc/{os.getppid()}"
        with open(f"{parent}/cmdline", "rb") as file:
            is_raylet = b"raylet" in file.read().partition(b"\0")[0]
        with open(f"{parent}/environ", "rb") as file:
            pairs = (line.partition(b"=") for line in file.read().split(b"\0") if b"=" in line)
            raylet = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
        if is_raylet and raylet:  # as Ray hands it to every worker, without what it sets for this one task
            environ = {name: value for name, value in raylet.items() if name in os.environ}
    except OSError:
        pass
    if sees_gpus and "CUDA_VISIBLE_DEVICES" in os.environ:
        environ["CUDA_VISIBLE_DEVICES"] = os.environ["CUDA_VISIBLE_DEVICES"]
    start = (
        "import ctypes, sys; ctypes.CDLL(None).prctl(1, 9); sys.path.insert(0, sys.argv.pop(1)); "
        "from verl_doctor.__main__ import main; main()"
    )
    site = os.path.join(os.path.dirname(verl_doctor_shipment.__file__), "site")
    words = [sys.executable if word == "{python}" else word for word in command]
    started = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", "-c", start, site, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environ,
        start_new_session=True,
    )
    status = None
    try:
        out, err = child.communicate(timeout=deadline)
        status = child.returncode
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        try:
            out, err = child.communicate(timeout=1)
        except subprocess.TimeoutExpired:
            out, err = b"", b""
    return {
        "status": status,
        "stdout": out.decode("utf-8", "replace"),
        "stderr": err[-(2**14) :].decode("utf-8", "replace"),
        "seconds": round(time.monotonic() - started, 3),
    }
