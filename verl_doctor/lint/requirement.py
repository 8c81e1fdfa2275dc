"""Requirements that a command line or a file of requirements names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from verl_doctor.facts.packages import normalise
from verl_doctor.lint.document import Setting, Span
from verl_doctor.lint.traced import UNKNOWN, Traced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.markers import Marker

_SIGNS = "=<>!~"
_PYTHONS = ("3.10", "3.11", "3.12", "3.13")
_MACHINES = ("x86_64", "aarch64")


def requirement(text: Traced, whole: Span, written: str) -> Setting | None:
    """Return what a word requires; None where it is no requirement (a path, a number, a bare URL).

    The value is the version specifier, empty where any version will do, None where a URL or a variable decides, or
    where the requirement does not hold on every Linux with a Python that verl runs with.
    """
    raw = text.text
    if UNKNOWN in raw:
        return _unknown(raw, whole, written)
    try:
        parsed = Requirement(raw.strip())
    except InvalidRequirement:
        return None
    if parsed.name.isdigit():
        return None
    start, end = _specifier(raw)
    is_known = not parsed.url and (parsed.marker is None or all(_where(parsed.marker)))
    return Setting(
        kind="package",
        name=normalise(parsed.name),
        value=text.text[start:end] if is_known else None,
        written=written,
        whole=whole,
        literal=text.literal(start, end) if is_known else None,
    )


def _where(marker: Marker) -> Iterator[bool]:
    """Say for each environment that verl runs in whether a marker holds there."""
    for python in _PYTHONS:
        for machine in _MACHINES:
            yield marker.evaluate(
                {
                    "extra": "",
                    "implementation_name": "cpython",
                    "os_name": "posix",
                    "platform_machine": machine,
                    "platform_python_implementation": "CPython",
                    "platform_system": "Linux",
                    "python_full_version": f"{python}.0",
                    "python_version": python,
                    "sys_platform": "linux",
                }
            )


def _unknown(raw: str, whole: Span, written: str) -> Setting | None:
    """Return a requirement whose version is a variable's: `vllm==$VERSION`."""
    end = min((index for sign in _SIGNS + "@[" if (index := raw.find(sign)) >= 0), default=0)
    name = raw[:end].strip()
    if not name or not all(character.isalnum() or character in "-_." for character in name):
        return None
    return Setting(kind="package", name=normalise(name), value=None, written=written, whole=whole)


def _specifier(raw: str) -> tuple[int, int]:
    """Return where the specifier stands: after the name and its extras, before a marker."""
    end = _first(raw, ";", 0)
    bracket = raw.find("]", 0, end)
    start = _first(raw, _SIGNS, bracket + 1)
    start = start if start < end else len(raw[:end].rstrip())
    return start, max(start, len(raw[:end].rstrip().removesuffix(")")))


def _first(raw: str, characters: Iterable[str], start: int) -> int:
    found = (index for character in characters if (index := raw.find(character, start)) >= 0)
    return min(found, default=len(raw))
