"""How long a check takes, as whole processes, beside tools that look at the same environment.

    python benchmarks/startup.py ENVIRONMENT [--diagnose FILE] [--rounds 15] [--json FILE]

ENVIRONMENT is a virtual environment to look at, of some 285 distributions with a torch that imports; FILE is
scripts/diagnose.py of a verl checkout. Every round runs each command once, in turn, so that all meet the same
machine; the median and the ratios to `uv pip check` are printed, without and with what uv keeps in its cache about the
interpreter (the doctor keeps nothing, so the first is the like-for-like). The binary compatibility of the compiled
extensions has a budget of its own: what it adds is the difference to a check from which it is left out. No number is
asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

WITHOUT_BINARIES = """
from verl_doctor.facts import binaries, shared_objects
from verl_doctor.__main__ import main
from verl_doctor.model import Unavailable
def collect(host):
    return Unavailable("left out")
binaries.collect = shared_objects.collect = collect
main()
"""
COLD, WARM = "uv --no-cache pip check", "uv pip check, its cache warm"
HERE = Path(sys.executable).parent
SLOW = {"torch.utils.collect_env", "verl scripts/diagnose.py"}
SLOW_ROUNDS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("environment", type=Path)
    parser.add_argument("--diagnose", type=Path, help="scripts/diagnose.py of a verl checkout")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    options = parser.parse_args()

    commands = _commands(options.environment, options.diagnose)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    peaks: dict[str, int] = dict.fromkeys(commands, 0)
    for argv in commands.values():
        _run(argv)  # once, so that files are cached and bytecode is written
    for number in range(options.rounds):
        for name, argv in commands.items():
            if number < SLOW_ROUNDS or name not in SLOW:
                elapsed, peak = _run(argv)
                seconds[name].append(elapsed)
                peaks[name] = max(peaks[name], peak)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    count = len(list(options.environment.glob("lib/python3*/site-packages/*.dist-info")))
    print(
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{count} distributions, {options.rounds} rounds, medians"
    )
    print(f"{'command':<36}{'seconds':>9}{'x uv, no cache':>16}{'x uv, warm':>12}{'peak MiB':>10}")
    for name, median in medians.items():
        ratios = f"{median / medians[COLD]:>16.2f}{median / medians[WARM]:>12.2f}"
        print(f"{name:<36}{median:>9.3f}{ratios}{peaks[name] / 1024:>10.1f}")
    if options.json:
        options.json.write_text(json.dumps({"seconds": medians, "peak_kib": peaks, "distributions": count}, indent=2))


def _commands(environment: Path, diagnose: Path | None) -> dict[str, Sequence[str]]:
    python = str(environment / "bin/python")
    doctor = str(HERE / "verl-doctor")
    uv = shutil.which("uv", path=f"{HERE}:{os.environ['PATH']}") or sys.exit("uv is not installed")
    commands: dict[str, Sequence[str]] = {
        "bare interpreter": (sys.executable, "-I", "-S", "-c", "pass"),
        COLD: (uv, "--no-cache", "pip", "check", "--python", python),
        WARM: (uv, "pip", "check", "--python", python),
        "verl-doctor check --format json": (doctor, "check", "--format", "json", "--prefix", str(environment)),
        "  without binary compatibility": (
            *(sys.executable, "-c", WITHOUT_BINARIES),
            *("check", "--format", "json", "--prefix", str(environment)),
        ),
        "verl-doctor check (text)": (doctor, "check", "--prefix", str(environment)),
        "verl-doctor patch --status": (doctor, "patch", "--status", "--prefix", str(environment)),
        "torch.utils.collect_env": (python, "-m", "torch.utils.collect_env"),
    }
    if diagnose:
        commands["verl scripts/diagnose.py"] = (python, str(diagnose))
    return commands


def _run(argv: Sequence[str]) -> tuple[float, int]:
    """Return wall seconds and peak resident KiB of one run of a program."""
    started = time.perf_counter()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(child.pid, 0)
    elapsed = time.perf_counter() - started
    child.returncode = 0  # already waited for
    return elapsed, usage.ru_maxrss


if __name__ == "__main__":
    main()
