"""flash-attn's forward pass agrees with plain attention."""

from __future__ import annotations

from typing import Any

import torch

from ..context import Context
from ..errors import SkippedError, WrongAnswerError

TOLERANCE = 0.05
"""The largest difference of an element that bfloat16 explains."""


def run(context: Context) -> dict[str, Any]:
    """Compare on random bfloat16 tensors of 2 sequences, 128 tokens, 4 heads of 64."""
    if context.device != "cuda":
        raise SkippedError("flash-attn needs a GPU")
    try:
        import flash_attn
    except ModuleNotFoundError as error:
        if error.name != "flash_attn":
            raise
        raise SkippedError("flash-attn is not installed") from error
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 128, 4, 64, device="cuda", dtype=torch.bfloat16) for _ in range(3))
    found = flash_attn.flash_attn_func(query, key, value, causal=True)
    plain = torch.nn.functional.scaled_dot_product_attention(
        *(tensor.float().transpose(1, 2) for tensor in (query, key, value)), is_causal=True
    ).transpose(1, 2)
    difference = float((found.float() - plain).abs().max())
    if difference > TOLERANCE:
        raise WrongAnswerError(f"flash-attn differs from plain attention by {difference:.3f}")
    return {"flash_attn": flash_attn.__version__, "largest_difference": round(difference, 5)}
