"""An engine without CUDA graphs generates the right tokens, and really has none."""

from __future__ import annotations

from typing import Any

from ..context import Context
from . import cuda_graphs, rollout


def run(context: Context) -> dict[str, Any]:
    """Run the rollout on an eager engine; on a GPU, count graphs and take the time to compare with."""
    measured = rollout.run(context)
    return {**measured, **cuda_graphs.run(context)} if context.device == "cuda" else measured
