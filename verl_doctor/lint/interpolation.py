"""OmegaConf's ${...}, as far as it points to values of the same file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_DEEPEST: Final = 10
_ENVIRONMENT: Final = "oc.env:"


def resolved(value: str, path: tuple[str, ...], values: Mapping[str, str | None], depth: int = 0) -> str | None:
    """Return a value with its interpolations put in; None where one points out of the file, or is calculated.

    `path` is where the value stands: ${.x} is beside it, ${..x} one level up.
    """
    if "${" not in value:
        return value
    if depth > _DEEPEST:
        return None
    start = value.rindex("${")
    end = value.find("}", start)
    if end < 0:
        return None
    inner = _looked_up(value[start + 2 : end].strip(), path, values, depth)
    return None if inner is None else resolved(value[:start] + inner + value[end + 1 :], path, values, depth + 1)


def _looked_up(name: str, path: tuple[str, ...], values: Mapping[str, str | None], depth: int) -> str | None:
    if name.startswith(_ENVIRONMENT):
        _, comma, default = name.partition(",")
        return default.strip().strip("'\"") if comma else None
    if ":" in name:
        return None
    levels = len(name) - len(name.lstrip("."))
    key = ".".join((*path[: max(0, len(path) - levels)], name.lstrip("."))) if levels else name
    found = values.get(key)
    return None if found is None else resolved(found, tuple(key.split(".")), values, depth + 1)
