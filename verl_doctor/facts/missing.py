"""How a collector says that its fact cannot be had; any other exception is a collector that broke."""

from __future__ import annotations


class MissingFactError(Exception):
    """There is no such fact here; the message says why."""
