"""How the processes of a launch layout find each other."""

from __future__ import annotations

import torch

from .context import Context


def join(context: Context) -> str:
    """Make `torch.distributed` know all ranks, as FSDP does before verl starts the engine; return this rank's device.

    Each process sees one GPU, as Ray's workers do.
    """
    if context.device == "cuda":
        torch.cuda.set_device(0)
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group("nccl" if context.device == "cuda" else "gloo")
    return "cuda:0" if context.device == "cuda" else "cpu"
