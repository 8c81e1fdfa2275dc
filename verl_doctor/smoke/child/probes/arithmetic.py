"""Every visible GPU multiplies matrices right."""

from __future__ import annotations

from typing import Any

import torch

from ..context import Context
from ..errors import WrongAnswerError

SIZE = 512


def run(context: Context) -> dict[str, Any]:
    """Multiply small whole numbers, of which every sum is exact in float32, and compare with the CPU."""
    devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if context.device == "cuda" else ["cpu"]
    if not devices:
        raise RuntimeError("torch sees no GPU")
    source = torch.Generator().manual_seed(0)
    one, other = (torch.randint(-8, 9, (SIZE, SIZE), generator=source).to(torch.bfloat16) for _ in range(2))
    right = one.double() @ other.double()
    for device in devices:
        product = (one.to(device).float() @ other.to(device).float()).cpu().double()
        if not torch.equal(product, right):
            raise WrongAnswerError(f"{device} gives a wrong product of two matrices")
    names = [torch.cuda.get_device_name(device) for device in devices if device != "cpu"]
    return {"devices": names or devices}
