"""What `verl-doctor smoke-test --level quick` costs beside starting a bare engine and generating once.

    python benchmarks/smoke_test.py ENVIRONMENT/bin/python [--device cpu] [--rounds 2] [--json FILE]

The bare engine is vLLM's own with its default settings, on the same model, in the same interpreter, as a whole process.
Both run once in each round, in turn; round 0 fills caches and is shown apart. What the bare engine prints is stamped
as it comes, so that the longest silences show where its start goes. No number is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from verl_doctor.smoke.children import CHILD

BARE = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from child.known_answer import prompt
from child.known_answer_weights import write
model = write(Path(sys.argv[2]), 1, safetensors=True)
print("stage: import vLLM", flush=True)
from vllm import LLM, SamplingParams
print("stage: start the engine", flush=True)
options = {"gpu_memory_utilization": 0.2, "enable_sleep_mode": True} if sys.argv[3] == "cuda" else {}
engine = LLM(str(model), skip_tokenizer_init=True, dtype="bfloat16", max_model_len=2048, **options)
print("stage: generate", flush=True)
how = SamplingParams(temperature=0.0, max_tokens=32, ignore_eos=True, detokenize=False)
engine.generate([{"prompt_token_ids": prompt(1, 200)}], how, use_tqdm=False)
print("stage: end", flush=True)
import os
os._exit(0)
"""
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_LOGGING_LEVEL": "DEBUG",
    "PYTHONUNBUFFERED": "1",
}
SILENCES = 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", type=Path, help="the interpreter of an environment with vLLM")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the numbers here")
    options = parser.parse_args()

    rounds = [{"bare": _bare(options), "quick": _quick(options)} for _ in range(options.rounds)]
    for number, measured in enumerate(rounds):
        bare, quick = measured["bare"]["seconds"], measured["quick"]["seconds"]
        print(f"round {number}: bare engine {bare:.1f} s, quick {quick:.1f} s, {quick / bare:.2f} times")
    last = rounds[-1]["bare"]
    print("the bare engine's stages:", ", ".join(f"{name} {seconds:.1f} s" for name, seconds in last["stages"].items()))
    for silence in last["silences"]:
        print(f"{silence['seconds']:>6.1f} s  after: {silence['after'][:100]}")
        print(f"          before: {silence['before'][:100]}")
    if options.json:
        options.json.write_text(json.dumps({"command": sys.argv, "rounds": rounds}, indent=2) + "\n")


def _bare(options: argparse.Namespace) -> dict[str, Any]:
    """Run the bare engine; return its seconds, its stages, and the longest silences of its output."""
    with tempfile.TemporaryDirectory() as folder:
        argv = [options.python, "-c", BARE, CHILD.parent, Path(folder) / "model", options.device]
        started = time.monotonic()
        child = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", env=os.environ | QUIET
        )
        assert child.stdout is not None
        lines = [(time.monotonic() - started, line.strip()) for line in child.stdout]
        if child.wait():
            sys.exit("\n".join(line for _, line in lines[-20:]))
    seconds = time.monotonic() - started
    marks = [(at, line.removeprefix("stage: ")) for at, line in lines if line.startswith("stage: ")]
    stages = {name: round(end - at, 2) for (at, name), (end, _) in pairwise(marks)}
    gaps = sorted(((round(end - at, 2), line, then) for (at, line), (end, then) in pairwise(lines)), reverse=True)
    longest = [{"seconds": gap, "after": line, "before": then} for gap, line, then in gaps[:SILENCES]]
    return {"seconds": round(seconds, 2), "stages": stages, "silences": longest}


def _quick(options: argparse.Namespace) -> dict[str, Any]:
    """Run the smoke test; return its seconds and what it says."""
    argv = [sys.executable, "-m", "verl_doctor", "smoke-test", "--format", "json", "--python", options.python]
    started = time.monotonic()
    ran = subprocess.run([*argv, "--device", options.device], check=False, stdout=subprocess.PIPE, text=True)
    return {"seconds": round(time.monotonic() - started, 2), **json.loads(ran.stdout)}


if __name__ == "__main__":
    main()
