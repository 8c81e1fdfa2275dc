"""How a check or a known failure is found."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from verl_doctor.model import Layer

WAYS: Final = (
    "versions",
    "environment",
    "files",
    "binaries",
    "limits",
    "driver",
    "GPU",
    "imports",
    "log",
    "launch",
    "policy",
)
"""What tells of it, in the order in which it is said."""
_OF_KEY: Final = {
    "env": "environment",
    "env-differ": "environment",
    "missing": "files",
    "patch": "files",
    "limit": "limits",
    "driver": "driver",
    "capability": "GPU",
    "gpu": "GPU",
    "gpu-free": "GPU",
}
"""For the keys of conditions; every other key is about a version or a build."""
_OF_FACT: Final = {
    "packages": "versions",
    "torch": "versions",
    "env": "environment",
    "patches": "files",
    "broken_patches": "files",
    "binaries": "binaries",
    "driver": "driver",
    "gpus": "GPU",
    "imports": "imports",
    "expected": "policy",
}
"""For the facts that checks ask for."""


def of_conditions(keys: Iterable[str], *, is_logged: bool, is_set: bool) -> tuple[str, ...]:
    """Return how a known failure is found, by the keys of its conditions, its signatures and its settings."""
    said = {"log": is_logged, "launch": is_set}
    return _ordered({*(_OF_KEY.get(key, "versions") for key in keys), *(way for way, told in said.items() if told)})


def of_check(layer: Layer, facts: Iterable[str], *, is_logged: bool) -> tuple[str, ...]:
    """Return how a check finds something, by the facts that it asks for, and whether a log shows it."""
    is_of_files = layer in {Layer.INTERPRETER, Layer.INSTALLATION}
    asked = {"files"} if is_of_files else {_OF_FACT[fact] for fact in facts if fact in _OF_FACT}
    return _ordered({*asked, *(("log",) if is_logged else ())})


def _ordered(found: Collection[str]) -> tuple[str, ...]:
    return tuple(way for way in WAYS if way in found)
