"""How long `compare` takes for many nodes, and how much memory, as a whole process.

    python benchmarks/compare.py [--nodes 1000] [--rounds 5] [--like no-gpu-verl-0.9.1-vllm-cpu] [--apart]

The nodes are made from a recorded scan (tests/data/facts): each has its own host name, free memory and GPU UUIDs, a few
have other packages, drivers, variables, limits or patches. With --apart every node also has a folder of its own for its
packages, so that no two lists of packages are the same. Written in the three forms that are read: one indented file a
node, one compact file a node, and one file of lines. No number is asserted.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parents[1] / "tests" / "data" / "facts"
GIB = 2**30
SEED = 7


def main() -> None:
    """Make the nodes, compare them, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--like", default="no-gpu-verl-0.9.1-vllm-cpu", choices=[p.stem for p in FACTS.glob("*.json")])
    parser.add_argument("--apart", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        forms = written(Path(folder), options.nodes, options.like, apart=options.apart)
        print(f"{options.nodes} nodes like {options.like}, {os.cpu_count()} cores, {options.rounds} rounds")
        print(f"{'form':<18}{'MB':>8}{'seconds':>10}{'least':>8}{'of CPU':>8}{'peak MiB':>10}")
        for name, path in forms.items():
            files = list(path.iterdir()) if path.is_dir() else [path]
            size = sum(file.stat().st_size for file in files) / 1e6
            runs = [measured(path) for _ in range(options.rounds)]
            seconds = [run[0] for run in runs]
            cpu, peak = statistics.median(run[1] for run in runs), max(run[2] for run in runs)
            middle = statistics.median(seconds)
            print(f"{name:<18}{size:>8.0f}{middle:>10.2f}{min(seconds):>8.2f}{cpu:>8.2f}{peak:>10.0f}")


def written(folder: Path, count: int, like: str, *, apart: bool) -> dict[str, Path]:
    """Write the nodes in every form; return where."""
    forms = {"indented files": folder / "indented", "compact files": folder / "compact"}
    for each in forms.values():
        each.mkdir()
    with (folder / "all.jsonl").open("w") as lines:
        for name, node in nodes(count, like, apart=apart):
            line = json.dumps(node)
            (forms["indented files"] / f"{name}.json").write_text(json.dumps(node, indent=2))
            (forms["compact files"] / f"{name}.json").write_text(line)
            lines.write(line + "\n")
    return {**forms, "one file of lines": folder / "all.jsonl"}


def nodes(count: int, like: str, *, apart: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield names and facts; the same for the same arguments."""
    chance = random.Random(SEED)
    plain = json.loads((FACTS / f"{like}.json").read_text())
    gpus = json.loads((FACTS / "two-h200-torch-2.11.json").read_text())
    plain |= {key: gpus[key] for key in ("driver", "gpus")}
    for number in range(count):
        name = f"node{number:04}"
        node = copy.deepcopy(plain)
        _of_its_own(node, name, chance)
        if not chance.randrange(50):
            _unlike(node, chance)
        if apart:
            for package in node["packages"].values():
                package["location"] = f"/local/{name}/venv/lib/python3.11/site-packages"
        yield name, node


def _of_its_own(node: dict[str, Any], name: str, chance: random.Random) -> None:
    node["node"]["host"] = name
    node["limits"]["memory_available"] = chance.randrange(100 * GIB, 200 * GIB)
    for disk in node["disks"]:
        disk["free"] = chance.randrange(GIB, disk["total"])
    node["gpus"] = [
        {
            **node["gpus"][0],
            "index": index,
            "uuid": f"GPU-{name}-{index}",
            "memory_free": chance.randrange(GIB, 90 * GIB),
        }
        for index in range(8)
    ]


def _unlike(node: dict[str, Any], chance: random.Random) -> None:
    match chance.randrange(5):
        case 0:
            for key in chance.sample(sorted(node["packages"]), 3):
                node["packages"][key]["version"] = "0.0.1"
        case 1:
            node["driver"]["version"] = "550.54.15"
        case 2:
            node["env"]["NCCL_SOCKET_IFNAME"] = "eth1"
        case 3:
            node["gpus"].pop()
        case _:
            node["patches"]["vllm07-local-rank"]["state"] = "applied"


def measured(path: Path) -> tuple[float, float, float]:
    """Return the seconds, those of processor time, and the peak memory in MiB of one comparison."""
    started = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "verl_doctor", "compare", str(path)], stdout=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        sys.exit(f"compare ended with status {process.returncode}")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
