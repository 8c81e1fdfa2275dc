"""The rollout replays CUDA graphs: they are counted, and the speed is measured; with an eager engine there are none."""

from __future__ import annotations

import time
from typing import Any

import torch

from ..context import Context
from ..errors import SkippedError, WrongAnswerError

COUNT, TIMED = 32, 256
"""Tokens for one prompt: while launches are counted, and while time is taken."""


def run(context: Context) -> dict[str, Any]:
    """Count the launches of graphs around one generation, and time another."""
    if context.device != "cuda":
        raise SkippedError("there are no CUDA graphs without a GPU")
    from torch.profiler import ProfilerActivity, profile

    engine, prompt = context.engine, context.subject.prompt(200, 64)
    engine.generate([prompt], COUNT)  # what is done only once is done
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
        answers = engine.generate([prompt], COUNT)[0]
    context.check([prompt], answers)
    launches = sum(event.count for event in profiled.key_averages() if event.key == "cudaGraphLaunch")
    engine.forget_cache()
    torch.cuda.synchronize()
    started = time.perf_counter()
    answers = engine.generate([prompt], TIMED)[0]
    seconds = time.perf_counter() - started
    context.check([prompt], answers)
    measured = {"graph_launches": launches, "tokens_per_second": round(TIMED / seconds, 1)}
    if context.eager and launches:
        raise WrongAnswerError(f"an engine that is to be eager launched {launches} CUDA graphs")
    if not context.eager and launches < COUNT - 2:
        raise WrongAnswerError(
            f"only {launches} CUDA graphs were launched for {COUNT} tokens: decoding runs without them"
        )
    return measured
