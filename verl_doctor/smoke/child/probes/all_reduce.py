"""The visible GPUs add numbers together through NCCL."""

from __future__ import annotations

import time
from typing import Any

import torch

from ..context import Context
from ..errors import WrongAnswerError
from ..ranks import join

COUNT = 2**24


def run(context: Context) -> dict[str, Any]:
    """Add one tensor of each rank; the sum is known."""
    device = join(context)
    tensor = torch.full((COUNT,), float(context.rank + 1), device=device)
    torch.distributed.all_reduce(tensor)  # the first one connects the ranks
    right = context.world * (context.world + 1) / 2
    if not bool((tensor == right).all()):
        raise WrongAnswerError(f"rank {context.rank}: the sum over {context.world} ranks is wrong")
    started = time.perf_counter()
    for _ in range(5):
        torch.distributed.all_reduce(tensor)
    if context.device == "cuda":
        torch.cuda.synchronize()
    seconds = (time.perf_counter() - started) / 5
    return {"ranks": context.world, "gib_per_second": round(COUNT * 4 / 2**30 / seconds, 1)}
