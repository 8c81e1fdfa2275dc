"""A Ray cluster of several nodes on this machine, each node a `ray start` of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

HERE = "127.0.0.1"
MARK = "VERL_DOCTOR_RAY_TEST"
"""A variable of every process that a test's cluster starts: so exactly those are ended."""
PATIENCE = 120.0


class RayCluster:
    """Nodes by name. The folder of its sockets is short: their paths may have 107 bytes."""

    def __init__(self) -> None:
        self._mark = uuid.uuid4().hex
        self._folder = tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True)
        self._nodes: dict[str, subprocess.Popen[bytes]] = {}
        with closing(socket.socket()) as listening:
            listening.bind((HERE, 0))
            self.address = f"{HERE}:{listening.getsockname()[1]}"

    def start(self, name: str, python: Path, gpus: int = 0, /, **environ: str) -> None:
        """Start a node in an environment; the first is the head. It says that it has so many GPUs, and has none."""
        port = self.address.rpartition(":")[2]
        where = (
            ("--address", self.address)
            if self._nodes
            else ("--head", "--port", port, "--include-dashboard=false", "--temp-dir", self._folder.name)
        )
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("RAY_", "VIRTUAL_ENV"))}
        options = ("--node-ip-address", HERE, "--node-name", name, "--num-cpus", "1", "--disable-usage-stats")
        pretended = ("--num-gpus", str(gpus))
        with Path(self._folder.name, f"{name}.log").open("wb") as log:
            self._nodes[name] = subprocess.Popen(
                [python, "-m", "ray.scripts.scripts", "start", "--block", *where, *options, *pretended],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**kept, MARK: f"{self._mark}-{name}", **environ},
                start_new_session=True,
            )
        until = time.monotonic() + PATIENCE
        while "Ray runtime started" not in (said := self._log(name)):
            if time.monotonic() > until or self._nodes[name].poll() is not None:
                raise RuntimeError(f"node {name} did not start: {said}\n{self._head()}")
            time.sleep(0.2)

    def raylet(self, name: str) -> int:
        """Return the number of a node's raylet."""
        (found,) = [pid for pid in self._processes(name) if self._program(pid).endswith("/raylet")]
        return found

    def stop(self, name: str) -> None:
        """End a node with all that it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._processes(name):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
                    os.kill(pid, number)
            until = time.monotonic() + 10
            while self._processes(name) and time.monotonic() < until:
                self._nodes[name].poll()
                time.sleep(0.1)
        self._nodes.pop(name).wait()

    def close(self) -> None:
        """End all nodes, the head last."""
        for name in reversed(self._nodes.copy()):
            self.stop(name)
        self._folder.cleanup()

    def _head(self) -> str:
        """Return what the head's processes are doing."""
        name = next(iter(self._nodes))
        return "\n".join(f"{pid} {_state(pid)} {self._program(pid)}" for pid in self._processes(name))

    def _log(self, name: str) -> str:
        return Path(self._folder.name, f"{name}.log").read_text("utf-8", "replace")

    def _processes(self, name: str) -> list[int]:
        mark = f"{MARK}={self._mark}-{name}".encode()
        numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in numbers if mark in _environ(pid) and _is_running(pid)]

    @staticmethod
    def _program(pid: int) -> str:
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")[0].decode()
        return ""


def _environ(pid: int) -> list[bytes]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return []


def _is_running(pid: int) -> bool:
    return _state(pid) not in {"Z", None}


def _state(pid: int) -> str | None:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return None


def program(folder: Path, name: str, script: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Write a program that is found first on PATH; return the variables that make it so."""
    folder.mkdir()
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{environ['PATH']}"}
