"""torch and vLLM can be imported."""

from __future__ import annotations

import time
from typing import Any

from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Import them; return their versions and how long it took."""
    del context
    started = time.perf_counter()
    import torch

    between = time.perf_counter()
    import vllm
    from vllm import LLM, SamplingParams

    del LLM, SamplingParams
    return {
        "torch": torch.__version__,
        "vllm": vllm.__version__,
        "torch_seconds": round(between - started, 3),
        "vllm_seconds": round(time.perf_counter() - between, 3),
    }
