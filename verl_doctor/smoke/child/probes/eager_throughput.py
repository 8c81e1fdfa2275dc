"""The same without CUDA graphs."""

from __future__ import annotations

from .throughput import run

__all__ = ["run"]
