"""How long a diff and an apply of the patches take on the real files of vLLM 0.7.2, beside importing libcst.

    python benchmarks/patching.py [--rounds 9]

The released files are fetched once and kept in the cache of `verl_doctor.releases`. Whole processes, medians; no number
is asserted.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from verl_doctor.patching.catalogue import load
from verl_doctor.releases import cache, fetch

DOCTOR = (sys.executable, "-m", "verl_doctor", "patch")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site-packages")
        cache.copy(
            fetch(
                "vllm", "0.7.2", sorted({patch.site("0.7.2").file for patch in load() if patch.distribution == "vllm"})
            ),
            site,
        )
        target = ("--prefix", str(site))
        steps: dict[str, Sequence[str]] = {
            "import libcst": (sys.executable, "-c", "import libcst"),
            "patch --status": (*DOCTOR, "--status", *target),
            "patch (diff of four files)": (*DOCTOR, *target),
            "patch --apply": (*DOCTOR, "--apply", *target),
            "patch --revert": (*DOCTOR, "--revert", *target),
        }
        for _ in range(rounds):
            for name, argv in steps.items():
                started = time.perf_counter()
                subprocess.run(argv, check=True, capture_output=True)
                seconds.setdefault(name, []).append(time.perf_counter() - started)
    base = statistics.median(seconds["import libcst"])
    for name, times in seconds.items():
        median = statistics.median(times)
        print(f"{name:<32}{median:>8.3f} s{median / base:>8.2f} x importing libcst")


if __name__ == "__main__":
    main()
