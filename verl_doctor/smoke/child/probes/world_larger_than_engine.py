"""An engine smaller than the job: `torch.distributed` holds all ranks of the trainer before the engine is made."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..ranks import join


def run(context: Context) -> dict[str, Any]:
    """Start an engine of one GPU on each rank of a world of several."""
    join(context)
    context.start(safetensors=True, launcher="external_launcher", eager=True)
    return {"ranks": context.world, "tokens": context.check_batch(16)}
