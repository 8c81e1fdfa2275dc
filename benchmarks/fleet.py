"""How long it takes to examine every node of a Ray cluster, beside examining one node.

    python -m benchmarks.fleet [--nodes 2] [--rounds 3]

The nodes are those of a real cluster on this machine, in the environments of the tests (`pytest -m ray`), so they share
its cores; each also starts a Python of its own for Ray's worker. Whole processes, medians. No number is asserted.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from tests.ray import environment
from tests.ray.cluster import RayCluster


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder, closing(RayCluster()) as cluster:
        python = environment.make("one", Path(folder))
        for number in range(options.nodes):
            cluster.start(f"n{number + 1}", python)
        doctor = (sys.executable, "-m", "verl_doctor")
        commands = {
            "check, this node": (*doctor, "check", "--python", str(python), "--format", "json"),
            f"check --ray, {options.nodes} nodes": (
                *(*doctor, "check", "--python", str(python), "--ray", cluster.address),
                *("--format", "json"),
            ),
            "import ray, and join the cluster": (
                *(str(python), "-c"),
                f"import ray; ray.init({cluster.address!r}, logging_level='ERROR'); ray.shutdown()",
            ),
        }
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, medians in seconds")
        for name, argv in commands.items():
            print(f"{name:<36}{statistics.median(_seconds(argv) for _ in range(options.rounds)):>8.2f}")


def _seconds(argv: tuple[str, ...]) -> float:
    started = time.perf_counter()
    done = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    assert done.returncode in {0, 1}, done.stderr.decode()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
