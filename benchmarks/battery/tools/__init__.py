"""The tools, one class a module, found by import."""

from __future__ import annotations

import importlib
import pkgutil

from benchmarks.battery.tool import Tool


def load() -> list[type[Tool]]:
    """Return the tools, verl-doctor first, the others by name."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    found: list[type[Tool]] = [importlib.import_module(f"{__name__}.{name}").TOOL for name in names]
    return sorted(found, key=lambda tool: (tool.name != "verl-doctor", tool.name.lower()))
