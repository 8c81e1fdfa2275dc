"""The columns of the table: questions in these modules, from left to right."""

from __future__ import annotations

import importlib

from benchmarks.filesystems.question import Question

MODULES = ("commands", "surroundings", "interruptions", "writers", "locks", "refusal", "full")


def load() -> list[Question]:
    """Return the questions in the order of the table."""
    modules = [importlib.import_module(f"{__name__}.{name}") for name in MODULES]
    return [value for module in modules for value in vars(module).values() if isinstance(value, Question)]
