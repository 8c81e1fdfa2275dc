"""Tells the parent how far the child is: one JSON object a line, on a pipe that nothing else writes to."""

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

    def begin(self, probe: str) -> None:
        """Say that a probe begins, so that its deadline runs."""
        self._write({"event": "begin", "probe": probe})

    def end(
        self, probe: str, outcome: str, measurements: Mapping[str, Any], reason: str | None = None, detail: str = ""
    ) -> None:
        """Say how a probe ended: passed, failed or skipped."""
        told = {"event": "end", "probe": probe, "outcome": outcome, "measurements": dict(measurements)}
        self._write({**told, "reason": reason, "detail": detail})

    def _write(self, event: Mapping[str, Any]) -> None:
        data = (json.dumps(event) + "\n").encode()
        while data:
            data = data[os.write(self._descriptor, data) :]
