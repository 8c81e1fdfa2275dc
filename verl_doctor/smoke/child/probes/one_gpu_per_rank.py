"""An engine across ranks that each see one GPU and are told LOCAL_RANK=0: what Ray gives verl's workers."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..ranks import join


def run(context: Context) -> dict[str, Any]:
    """Start one engine with tensor parallelism over all ranks; every rank generates, and all are right."""
    join(context)
    context.start(safetensors=True, launcher="external_launcher", eager=True, tensor_parallel=context.world)
    executor = type(context.engine.executor).__name__
    return {"ranks": context.world, "tokens": context.check_batch(16), "executor": executor}
