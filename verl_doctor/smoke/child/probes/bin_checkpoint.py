"""An engine in sleep mode loads a checkpoint in torch's own format (.bin)."""

from __future__ import annotations

from typing import Any

from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Start the engine that the next probes use; verl always has sleep mode on."""
    context.start(safetensors=False)
    return {"tokens": context.check_batch(), "seconds_to_start": round(context.seconds_to_start or 0, 3)}
