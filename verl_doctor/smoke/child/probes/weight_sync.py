"""New weights, sent as verl sends them, change the answers to those of the new weights."""

from __future__ import annotations

import time
from typing import Any

from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Send another version of the weights and the first one again, and check the answers of each."""
    seconds = []
    for version in (2, 1):
        started = time.perf_counter()
        context.send_weights(version)
        seconds.append(round(time.perf_counter() - started, 4))
        context.check_batch(16)
    return {"sync_seconds": seconds}
