"""torch and vLLM can be imported."""

from __future__ import annotations

import time
from typing import Any

import torch

from ..context import Context


def run(context: Context) -> dict[str, Any]:
    """Import vLLM after torch; return their versions and how long vLLM took, in seconds."""
    del context
    started = time.perf_counter()
    import vllm
    from vllm import LLM, SamplingParams

    del LLM, SamplingParams
    seconds = round(time.perf_counter() - started, 3)
    return {"torch": torch.__version__, "vllm": vllm.__version__, "vllm_seconds": seconds}
