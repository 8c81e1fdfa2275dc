"""Which release of a distribution a node has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from verl_doctor.facts.packages import Distribution

OWN_TRAIT: Final = frozenset({"ray", "verl", "vllm", "sglang", "torch", "tensordict", "transformers"})
"""The distributions that have a kind of difference of their own."""


def releases(packages: Mapping[str, Distribution], names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the names of those that are installed, each with its release."""
    for name in names:
        if found := packages.get(name):
            yield name, found.version if _is_plain(found) else _told(found)


def _is_plain(found: Distribution) -> bool:
    return not (found.commit or found.editable or found.broken or found.copies)


def _told(found: Distribution) -> str:
    """Return a version with what else makes it another: the commit of a checkout, what is broken, a second copy."""
    commit = f" at {found.commit[:12]}" if found.commit else ""
    editable = " (editable)" if found.editable else ""
    broken = f" (broken: {found.broken})" if found.broken else ""
    copies = "".join(f" and {copy.version}" for copy in found.copies)
    return f"{found.version}{commit}{editable}{broken}{copies}"
