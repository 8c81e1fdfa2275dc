"""The engine generates the right tokens, for one prompt and for a batch of several lengths."""

from __future__ import annotations

import time
from typing import Any

from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Generate greedily after one prompt alone, then after eight at once."""
    alone = context.subject.prompt(100, 300)
    tokens = context.check([alone], context.engine.generate([alone], 64)[0])
    started = time.perf_counter()
    tokens += context.check_batch()
    measured = {"tokens": tokens, "batch_seconds": round(time.perf_counter() - started, 3)}
    return {**measured, "seconds_to_start": round(context.seconds_to_start or 0, 3)}
