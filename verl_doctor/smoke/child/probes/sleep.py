"""Asleep, the engine gives its GPU memory back to the trainer; awake again, it answers right."""

from __future__ import annotations

from typing import Any

import torch

from ..context import Context
from ..errors import SkippedError, WrongAnswerError

GIB = 2**30


def run(context: Context) -> dict[str, Any]:
    """Sleep and wake at each level of this vLLM, and measure what is free meanwhile."""
    if context.device != "cuda":
        raise SkippedError("sleep mode needs a GPU")
    measured: dict[str, Any] = {}
    for level in _levels(context):
        before = _free()
        context.engine.sleep(level)
        asleep = _free()
        context.engine.wake_up()
        if level > 1:
            context.send_weights()
        else:
            context.engine.forget_cache()
        measured[f"level_{level}_gib"] = [round(value / GIB, 2) for value in (before, asleep, _free())]
        context.check_batch(16)
        cache = torch.cuda.get_device_properties(0).total_memory * context.memory
        if asleep - before < cache / 2:
            raise WrongAnswerError(
                f"level {level} gave {(asleep - before) / GIB:.1f} GiB back, less than half of what the engine took"
            )
    return measured


def _levels(context: Context) -> tuple[int, ...]:
    """Level 2 drops the weights; only releases that keep the other tensors meanwhile can wake from it."""
    return (1, 2) if hasattr(context.engine.worker, "_sleep_saved_buffers") else (1,)


def _free() -> int:
    torch.cuda.synchronize()
    return int(torch.cuda.mem_get_info()[0])
