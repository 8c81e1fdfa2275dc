"""Several answers to each prompt (n above 1), over many rounds: all right, and nothing of them is kept."""

from __future__ import annotations

import gc
import time
from typing import Any

from ..context import Context
from ..errors import WrongAnswerError

ROUNDS, SAMPLES, PROMPTS, COUNT = 12, 8, 4, 4
WARM = 4
"""Rounds before the counting begins: caches fill."""


def run(context: Context) -> dict[str, Any]:
    """Generate; count the objects that Python keeps after each round, which is the same number where nothing leaks."""
    prompts = [context.subject.prompt(300 + number, 40) for number in range(PROMPTS)]
    seconds: list[float] = []
    before = 0
    for number in range(ROUNDS):
        if number == WARM:
            before = _kept()
        started = time.perf_counter()
        answers = context.engine.generate(prompts, COUNT, samples=SAMPLES)
        seconds.append(time.perf_counter() - started)
        for prompt, samples in zip(prompts, answers, strict=True):
            if len(samples) != SAMPLES:
                raise WrongAnswerError(f"{len(samples)} samples came back instead of {SAMPLES}")
            context.check([prompt] * SAMPLES, samples, is_greedy=False)
    growth = (_kept() - before) / (ROUNDS - WARM)
    half = (ROUNDS - WARM) // 2
    measured = {
        "objects_kept_per_round": round(growth, 1),
        "samples_per_round": SAMPLES * PROMPTS,
        "seconds_per_round": round(sum(seconds[WARM:]) / (ROUNDS - WARM), 4),
        "slowdown": round(sum(seconds[-half:]) / sum(seconds[WARM:-half]), 3),
    }
    if growth >= SAMPLES * PROMPTS:
        raise WrongAnswerError(
            f"after each round of {SAMPLES * PROMPTS} samples {growth:.0f} more objects stay: finished samples are kept"
        )
    return measured


def _kept() -> int:
    """Return how many objects Python keeps that its garbage collector knows of."""
    gc.collect()
    return len(gc.get_objects())
