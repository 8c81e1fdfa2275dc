"""How fast `diagnose` reads a long log, and with how much memory, beside ripgrep with the same expressions.

    python benchmarks/diagnosis_speed.py [--gigabytes 2] [--rounds 3] [--json FILE]

A log like those of a job of eight GPUs is written to a temporary folder: metrics of every step, engine and worker
messages, prompts and answers, progress bars, a survived exception now and then, and a known failure at its end. Both
programs run on one core, in turn, and their processor time counts; ripgrep counts the
lines that match. No number is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from verl_doctor import knowledge

LOOKAROUND: Final = re.compile(r"\(\?<?[!=](?:[^()]|\([^()]*\))*\)")
"""What ripgrep's own engine does not have; without it a pattern finds a little more."""
ESCAPED: Final = re.compile(r"\\(?=[`'\"])")
"""What ripgrep takes for a mistake."""
FAILURE: Final = b"""\
(WorkerDict pid=7) Traceback (most recent call last):
(WorkerDict pid=7)   File "/opt/venv/lib/python3.12/site-packages/verl/protocol.py", line 30, in <module>
(WorkerDict pid=7)     from tensordict import TensorDict
(WorkerDict pid=7) ImportError: cannot import name 'ForkingPickler' from 'torch.multiprocessing.reductions' (/x.py)
"""
SURVIVED: Final = b"""\
Traceback (most recent call last):
  File "/home/user/reward.py", line %d, in score
    return float(answer)
ValueError: could not convert string to float: 'about %d'
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gigabytes", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        log, patterns = Path(folder, "train.log"), Path(folder, "patterns")
        with log.open("wb") as file:
            file.writelines(_parts(options.gigabytes * 1e9))
        written = (each.pattern for failure in knowledge.load() for each in failure.texts.signature)
        written = (pattern.replace("(?:\\n|$)", "$") for pattern in written)  # it searches line by line
        patterns.write_text("".join(f"{ESCAPED.sub('', LOOKAROUND.sub('', pattern))}\n" for pattern in written))
        commands: dict[str, list[str]] = {
            "verl-doctor diagnose": [sys.executable, "-m", "verl_doctor", "diagnose", str(log), "--format", "json"]
        }
        if shutil.which("rg"):
            commands["ripgrep"] = ["rg", "--threads=1", "--count", "--text", f"--file={patterns}", str(log)]
        found = {name: [_run(argv) for _ in range(options.rounds)] for name, argv in commands.items()}
        size = log.stat().st_size / 1e6
    print(f"{platform.machine()}, one core, Python {platform.python_version()}, a log of {size:.0f} MB")
    numbers = {
        name: {
            "megabytes_per_second": size / statistics.median(seconds for seconds, _ in runs),
            "peak_mebibytes": max(peak for _, peak in runs),
        }
        for name, runs in found.items()
    }
    for name, each in numbers.items():
        print(f"{name:<22}{each['megabytes_per_second']:>8.0f} MB/s{each['peak_mebibytes']:>8.0f} MiB")
    if options.json:
        options.json.write_text(json.dumps({"log_megabytes": size, **numbers}, indent=2) + "\n", "utf-8")


def _parts(size: float) -> Iterator[bytes]:
    """Yield a log of about so many bytes; the same for each size."""
    draw = random.Random(7)
    written = step = 0
    while written < size:
        part = b"".join(_step(step, draw))
        written += len(part)
        step += 1
        yield part
    yield FAILURE


def _step(step: int, draw: random.Random) -> Iterator[bytes]:
    for _ in range(200):
        pid, number = draw.randrange(100, 108), draw.randrange(10**6)
        yield (
            b"\x1b[36m(WorkerDict pid=%d)\x1b[0m INFO 05-12 10:11:12 [executor_base.py:226] It took %d.%d seconds to "
            b"wake up tags {'weights'}, %d blocks free\n" % (pid, number % 9, number % 100, number)
        )
        yield (
            b"(RewardManager pid=99) [prompt] <|im_start|>user What is %d times 3? [response] Step by step: %d times 3 "
            b"is \\boxed{%d}. [score] 1.0\n" % (number, number, number * 3)
        )
    for share in range(0, 100, 5):
        yield b"\rTraining Progress:  %d%%|####      | %d/1000 [10:12<1:12:11, 41.2s/it]" % (share, step)
    yield (
        b"\n(TaskRunner pid=1) step:%d - actor/kl_loss:0.001 - actor/pg_loss:-0.012 - critic/score/mean:0.44 - "
        b"perf/throughput:1234.5 - response_length/mean:512.0 - timing_s/gen:31.2\n" % step
    )
    if step % 10 == 0:
        yield SURVIVED % (step, step)


def _run(argv: list[str]) -> tuple[float, float]:
    """Return the seconds of processor time that a command takes, and its peak memory in MiB."""
    pid = os.posix_spawnp(
        argv[0], argv, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(pid, 0)
    assert os.waitstatus_to_exitcode(status) in {0, 1}
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


if __name__ == "__main__":
    main()
