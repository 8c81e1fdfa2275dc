"""Whether the fields of a declaration hold what everything else takes for granted: nothing checks a patch's types."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from verl_doctor.patching.patch import Example, Patch, Site, Untouched


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a field may hold, as the end of "... holds ..., not ..."."""

    words: str
    holds: Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    """Say whether a value is a text that can be written down; lone surrogates cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _some(kind: type, words: str) -> Kind:
    return Kind(words=f"a tuple of {words}", holds=lambda value: _is_tuple(value, lambda one: type(one) is kind))


def _is_tuple(value: Any, holds: Callable[[Any], bool]) -> bool:
    return isinstance(value, tuple) and all(holds(one) for one in value)


TEXT: Final = Kind(words="a text", holds=_is_text)
TEXT_OR_NONE: Final = Kind(words="a text or None", holds=lambda value: value is None or _is_text(value))
TEXTS: Final = Kind(words="a tuple of texts", holds=lambda value: _is_tuple(value, _is_text))
PATTERN: Final = Kind(
    words='a compiled pattern of bytes, such as re.compile(rb"...")',
    holds=lambda value: isinstance(value, re.Pattern) and isinstance(value.pattern, bytes),
)
FUNCTION: Final = Kind(words="a function", holds=lambda value: callable(value) and isinstance(value, Hashable))
STRUCTURE: Final = Kind(
    words='one of "after", "unaffected" and "unfamiliar"',
    holds=lambda value: _is_text(value) and value in {"after", "unaffected", "unfamiliar"},
)

FIELDS: Final[Mapping[type, Mapping[str, Kind]]] = {
    Patch: {
        "id": TEXT,
        "name": TEXT,
        "documentation": TEXT,
        "distribution": TEXT,
        "sites": _some(Site, "Sites"),
        "fixed_in": TEXT_OR_NONE,
        "upstream": TEXTS,
        "trace": PATTERN,
        "edit": FUNCTION,
        "examples": _some(Example, "Examples"),
        "untouched": _some(Untouched, "Untouched"),
        "only_where": TEXT_OR_NONE,
    },
    Site: {"since": TEXT, "file": TEXT, "scope": TEXT},
    Example: {"name": TEXT, "before": TEXT, "after": TEXT, "since": TEXT_OR_NONE},
    Untouched: {"name": TEXT, "source": TEXT, "structure": STRUCTURE, "since": TEXT_OR_NONE},
}
"""What the fields of each class of a declaration hold."""


def type_problems(patch: Patch) -> Iterator[str]:
    """Yield which fields hold something else, as clauses that follow a colon: of the patch, or else of its parts."""
    found = list(_problems(patch, "its"))
    yield from found
    if not found:
        for site in patch.sites:
            yield from _problems(site, "a site's")
        for part in (*patch.examples, *patch.untouched):
            yield from _problems(part, "an example's")


def _problems(part: Any, whose: str) -> Iterator[str]:
    kinds = next(fields for kind, fields in FIELDS.items() if isinstance(part, kind))
    for name, kind in kinds.items():
        value = getattr(part, name)
        if not kind.holds(value):
            yield f"{whose} field {name} holds {reprlib.repr(value)}, not {kind.words}"
