"""What reading every compiled extension adds to a check of an environment.

    python benchmarks/binaries.py ENVIRONMENT [--rounds 15]

Every round runs two processes in turn: one that collects what the checks ask for, and one without the extensions.
The difference is taken within each round.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

COLLECT = """
import gc, sys; gc.disable()
from pathlib import Path
from verl_doctor.examine import needed
from verl_doctor.facts.collect import collect
from verl_doctor.host import LocalHost, own_python
from verl_doctor.target import find
host = LocalHost()
facts = collect(host, find(host, prefix=Path(sys.argv[1]), own=own_python()), needed() - set(sys.argv[2:]))
if not sys.argv[2:]:
    extensions = [e for linked in facts.binaries.values() for e in linked.extensions.values()]
    print(len(facts.packages), len(facts.binaries), len(extensions), sum(e.needs for e in extensions))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("environment", type=Path)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    argv = [sys.executable, "-c", COLLECT, str(options.environment)]
    counts = subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split()
    print("{} distributions, {} with {} extensions that need {} symbols of torch".format(*counts))
    rounds = [(_run(argv), _run([*argv, "binaries", "damage"])) for _ in range(options.rounds)]
    for name, index in (("seconds", 0), ("processor seconds", 1), ("peak MiB", 2)):
        with_them, without = (statistics.median(run[index] for run in runs) for runs in zip(*rounds, strict=True))
        added = statistics.median(one[index] - other[index] for one, other in rounds)
        print(f"{name:<18}{with_them:>9.3f} with,{without:>9.3f} without,{added:>9.3f} added")


def _run(argv: list[str]) -> tuple[float, float, float]:
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
