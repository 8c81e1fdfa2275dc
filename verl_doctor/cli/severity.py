"""The option that says from which severity on a finding counts."""

from __future__ import annotations

from enum import Enum


class FailOn(str, Enum):
    """The mildest severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
