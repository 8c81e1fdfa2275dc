"""Tells the parent what happens: one JSON object a line, on a pipe that nothing else writes to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any


class Events:
    """The pipe to the parent."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor

    def tell(self, about: str, reason: str | None = None, **measurements: Any) -> None:
        """Say how something ended: a node or rank, the cluster, or all; `reason` where it failed."""
        outcome = "failed" if reason else "passed"
        self._write(
            {"event": "end", "probe": about, "outcome": outcome, "measurements": measurements, "reason": reason}
        )

    def _write(self, event: Mapping[str, Any]) -> None:
        data = (json.dumps(event) + "\n").encode()
        while data:
            data = data[os.write(self._descriptor, data) :]
