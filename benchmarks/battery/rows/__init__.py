"""The rows of the table: functions in these modules, from top to bottom."""

from __future__ import annotations

import importlib

from benchmarks.battery.row import Row

MODULES = ("commands", "surprises", "versions", "surroundings", "interruptions")


def load() -> list[Row]:
    """Return the rows in the order of the table."""
    modules = [importlib.import_module(f"{__name__}.{name}") for name in MODULES]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Row)]
